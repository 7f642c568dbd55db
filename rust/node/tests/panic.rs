//! A process of its own: what `Events::collect` sets counts for all of it.

use std::thread::Builder;

use edgeplane_node::Events;

#[test]
fn a_panic_is_an_event() {
    let events = Events::collect().unwrap();
    assert!(Events::collect().is_err(), "one log a process");
    let ended = Builder::new().name("dns-udp-1".into()).spawn(|| panic!("out\nof range")).unwrap().join();
    assert!(ended.is_err());
    let said = events.take().0.into_iter().find(|event| event.message.contains("out of range")).unwrap();
    assert_eq!((said.level, said.message.contains("dns-udp-1")), ("ERROR", true));
}
