//! Messages and rdata as tuples; `edgeplane.core.dns` gives them names.

use edgeplane_dns::message::{Edns, Header, Message, Question, Record};
use edgeplane_dns::text;
use edgeplane_dns::wire::{Name, rtype};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::border::wrong;

/// id, response, opcode, then AA, TC, RD, RA, AD, CD, then the response code.
type HeaderTuple = (u16, bool, u8, bool, bool, bool, bool, bool, bool, u16);
/// Name, type, class.
type QuestionTuple = (String, u16, u16);
/// Name, type, class, TTL, rdata.
type RecordTuple<B> = (String, u16, u16, u32, B);
/// Payload size, version, DO, options.
type EdnsTuple<B> = (u16, u8, bool, Vec<(u16, B)>);
/// Header, question, answer, authority, additional, EDNS.
type MessageTuple<B> = (
    HeaderTuple,
    Vec<QuestionTuple>,
    Vec<RecordTuple<B>>,
    Vec<RecordTuple<B>>,
    Vec<RecordTuple<B>>,
    Option<EdnsTuple<B>>,
);

#[pyfunction]
#[pyo3(signature = (packet, /))]
pub fn decode<'py>(py: Python<'py>, packet: &[u8]) -> PyResult<MessageTuple<Bound<'py, PyBytes>>> {
    let Message { header, question, answer, authority, additional, edns } = Message::decode(packet).map_err(wrong)?;
    let records = |records: Vec<Record>| records.into_iter().map(|record| shown(py, record)).collect();
    Ok((
        flags(&header),
        question.iter().map(|q| (q.name.to_string(), q.qtype, q.qclass)).collect(),
        records(answer),
        records(authority),
        records(additional),
        edns.map(|edns| {
            let options = edns.options.iter().map(|(code, data)| (*code, PyBytes::new(py, data))).collect();
            (edns.udp_payload_size, edns.version, edns.dnssec_ok, options)
        }),
    ))
}

#[pyfunction]
#[pyo3(signature = (message, /))]
pub fn encode<'py>(py: Python<'py>, message: MessageTuple<Vec<u8>>) -> PyResult<Bound<'py, PyBytes>> {
    let (header, question, answer, authority, additional, edns) = message;
    let message = Message {
        header: read_header(header),
        question: question.into_iter().map(read_question).collect::<PyResult<_>>()?,
        answer: read_records(answer)?,
        authority: read_records(authority)?,
        additional: read_records(additional)?,
        edns: edns.map(|(udp_payload_size, version, dnssec_ok, options)| Edns {
            udp_payload_size,
            version,
            dnssec_ok,
            options,
        }),
    };
    Ok(PyBytes::new(py, &message.encode().map_err(wrong)?))
}

/// Rdata in wire form; relative names end in `origin`.
#[pyfunction]
#[pyo3(signature = (rtype, text, /, origin = None))]
pub fn rdata_from_text<'py>(
    py: Python<'py>,
    rtype: u16,
    text: &str,
    origin: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let origin = origin.map(name).transpose()?;
    Ok(PyBytes::new(py, &text::rdata_from_text(rtype, text, origin.as_ref()).map_err(wrong)?))
}

#[pyfunction]
#[pyo3(signature = (rtype, rdata, /))]
pub fn rdata_to_text(rtype: u16, rdata: &[u8]) -> String {
    text::rdata_to_text(rtype, rdata)
}

#[pyfunction]
#[pyo3(signature = (text, /))]
pub fn type_from_text(text: &str) -> PyResult<u16> {
    rtype::from_text(text).ok_or_else(|| wrong(format!("\"{text}\" is not a record type")))
}

#[pyfunction]
#[pyo3(signature = (rtype, /))]
pub fn type_to_text(rtype: u16) -> String {
    rtype::to_text(rtype).into_owned()
}

/// A name as Python writes it, taken as absolute.
pub fn name(text: &str) -> PyResult<Name> {
    Name::from_text(text).map_err(|why| wrong(format!("\"{text}\": {why}")))
}

fn shown(py: Python<'_>, record: Record) -> RecordTuple<Bound<'_, PyBytes>> {
    (record.name.to_string(), record.rtype, record.class, record.ttl, PyBytes::new(py, &record.rdata))
}

fn flags(header: &Header) -> HeaderTuple {
    (
        header.id,
        header.response,
        header.opcode,
        header.authoritative,
        header.truncated,
        header.recursion_desired,
        header.recursion_available,
        header.authentic_data,
        header.checking_disabled,
        header.rcode,
    )
}

fn read_header(tuple: HeaderTuple) -> Header {
    Header {
        id: tuple.0,
        response: tuple.1,
        opcode: tuple.2,
        authoritative: tuple.3,
        truncated: tuple.4,
        recursion_desired: tuple.5,
        recursion_available: tuple.6,
        authentic_data: tuple.7,
        checking_disabled: tuple.8,
        rcode: tuple.9,
    }
}

fn read_question((text, qtype, qclass): QuestionTuple) -> PyResult<Question> {
    Ok(Question { name: name(&text)?, qtype, qclass })
}

fn read_records(tuples: Vec<RecordTuple<Vec<u8>>>) -> PyResult<Vec<Record>> {
    let read =
        |(text, rtype, class, ttl, rdata): RecordTuple<_>| Ok(Record { name: name(&text)?, rtype, class, ttl, rdata });
    tuples.into_iter().map(read).collect()
}
