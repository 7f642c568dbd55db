//! Origin groups: one member first, then the other when a status or a failure says so ("Optimizing high availability with
//! CloudFront origin failover", developer guide). Health and weights choose the first; without them it is the primary.

use std::sync::Arc;

use edgeplane_base::random::Random;
use edgeplane_http::{Method, Request};

use super::{Each, Fetched, Group, Health, Interim, OriginError, Origins, Outgoing, Settings};

impl Origins {
    /// Fetches from a group: every request goes to the member that the group's choice has first; GET, HEAD and OPTIONS
    /// without content go on to the next, healthy or not, on one of the group's status codes and on failures. Also gives the
    /// index, among `origins`, of the member that the response is from. What the last member gave is given, good or not. An
    /// index that `origins` does not have is passed over.
    pub async fn fetch_from_group(
        &self,
        group: &Group,
        origins: &[Arc<Settings>],
        request: &Request,
        content: Outgoing,
        mut interim: Option<Interim<'_>>,
    ) -> Result<(usize, Box<Fetched>), OriginError> {
        let order = self.order(group, origins);
        let mut members = order.into_iter().filter_map(|index| Some((index, origins.get(index)?))).peekable();
        let mut content = Some(content);
        while let Some((index, settings)) = members.next() {
            let content = content.take().unwrap_or_default();
            let goes_on = members.peek().is_some() && may_fail_over(request, &content);
            let fetched = self.fetch(settings, request, content, reborrowed(&mut interim)).await;
            if !goes_on || !group.fails_over(&fetched) {
                return fetched.map(|fetched| (index, fetched));
            }
            if let Ok(fetched) = &fetched {
                let (status, id) = (fetched.response.status, &group.id);
                settings.told().tell(&format_args!("answered {status}: group {id} asks its next member"));
            }
            self.counters.failovers.add(1);
        }
        Err(OriginError::Refused(format!("the group \"{}\" has no members", group.id)))
    }

    /// The members in the order in which they are asked.
    fn order(&self, group: &Group, origins: &[Arc<Settings>]) -> Each<usize> {
        let healthy = group.healthy(origins, &self.shared.health);
        if matches!(healthy, [true, false] | [false, true]) {
            self.counters.passed_over.add(1);
        }
        let [primary, second] = group.members;
        match group.choice.first(healthy, &mut self.random.borrow_mut()) {
            0 => [primary, second],
            _ => [second, primary],
        }
    }
}

impl Group {
    /// Who would be asked first now, by its index, and why.
    pub fn explain(&self, origins: &[Arc<Settings>], health: &Health) -> (Option<usize>, String) {
        let healthy = self.healthy(origins, health);
        let first = self.choice.first(healthy, &mut Random::from_process());
        (self.members.get(first).copied(), format!("group {}, {}", self.id, self.choice.why(first, healthy)))
    }

    fn healthy(&self, origins: &[Arc<Settings>], health: &Health) -> Each<bool> {
        self.members.map(|index| origins.get(index).is_none_or(|origin| origin.is_healthy(health)))
    }

    fn fails_over(&self, fetched: &Result<Box<Fetched>, OriginError>) -> bool {
        match fetched {
            Ok(fetched) => self.status_codes.contains(&fetched.response.status),
            Err(error) => error.fails_over(),
        }
    }
}

fn may_fail_over(request: &Request, content: &Outgoing) -> bool {
    matches!(request.method, Method::Get | Method::Head | Method::Options) && content.is_none()
}

/// The same callback for a shorter time.
pub(super) fn reborrowed<'a>(interim: &'a mut Option<Interim<'_>>) -> Option<Interim<'a>> {
    interim.as_mut().map(|tell| &mut **tell as Interim<'a>)
}
