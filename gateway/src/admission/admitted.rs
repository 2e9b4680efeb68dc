//! What a request gets before it is worked on, in this order: its body, a place; and its answer after that.

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::Version;

use super::{Admission, Class, Party, Permit, intake, keep_until_sent, overloaded, unread};
use crate::{addresses::Present, problem::Problem, serve::Crowded};

/// What a request has while it is worked on.
pub(crate) struct Admitted {
    class: Option<Class>,
    party: Party,
    version: Version,
    /// It only asks: nothing is lost when it gets no answer.
    is_safe: bool,
    place: Option<Permit>,
    present: Option<Present>,
}

impl Admitted {
    /// Receives the body, if there is to be one, and puts it into the request; then takes a place. Requests without a class need none.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) async fn take(
        admission: Option<&Admission>,
        class: Option<Class>,
        party: Party,
        request: &mut Request,
        body: Option<&mut Body>,
    ) -> Result<Self, Problem> {
        if class.is_some() && request.extensions().get::<Crowded>().is_some() {
            return Err(admission.map_or_else(overloaded, Admission::refuse_crowded));
        }
        let mut admitted = Self {
            class,
            party,
            version: request.version(),
            is_safe: request.method().is_safe(),
            place: None,
            present: None,
        };
        if let (Some(admission), Some(_)) = (admission, class) {
            admitted.present = admission.begin(&admitted.party)?;
        }
        if let Some(body) = body {
            let received = intake::receive(admission, &admitted.party, request.headers(), body).await?;
            *body = Body::empty();
            *request.body_mut() = received.into();
        }
        if let (Some(admission), Some(class)) = (admission, class) {
            admitted.place = Some(admission.admit(class, &admitted.party).await?);
        }
        Ok(admitted)
    }

    /// Gives back what is not needed any more once the answer is there, and keeps the rest until it has been sent. A report is made
    /// while it is sent, or large: it keeps its place until then. What is sent of other answers is bounded in memory.
    pub(crate) fn release(self, admission: Option<&Admission>, mut response: Response) -> Response {
        let is_report = self.class == Some(Class::Report);
        let length = unread::length(self.version, &mut response);
        let taken = match (admission, self.class, length) {
            (Some(admission), Some(_), Some(length)) if !is_report => {
                let owed = !self.is_safe || !response.status().is_success();
                match admission.answer(&self.party, length, owed) {
                    Ok(taken) => Some(taken),
                    Err(problem) => return problem.into_response(),
                }
            }
            _ => None,
        };
        let place = self.place.filter(|_| is_report);
        if place.is_none() && self.present.is_none() && taken.is_none() {
            return response;
        }
        keep_until_sent((place, self.present, taken), response)
    }
}
