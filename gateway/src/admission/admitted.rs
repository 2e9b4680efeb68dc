//! What a request gets before it is worked on, in this order: its body, a place.

use axum::{body::Body, extract::Request, response::Response};

use super::{Admission, Class, Party, Permit, keep_until_sent, overloaded};
use crate::{addresses::Present, edge::Edge, intake, problem::Problem, serve::Crowded};

/// What a request has while it is worked on.
#[derive(Default)]
pub(crate) struct Admitted {
    place: Option<Permit>,
    /// It is made while it is sent, or large: it keeps its place until then.
    until_sent: bool,
    present: Option<Present>,
}

impl Admitted {
    /// Receives the body, if there is to be one, and puts it into the request; then takes a place. Requests without a class need none.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) async fn take(
        edge: &Edge,
        class: Option<Class>,
        party: &Party,
        request: &mut Request,
        body: Option<&mut Body>,
    ) -> Result<Self, Problem> {
        let admission = edge.admission.as_ref();
        if class.is_some() && request.extensions().get::<Crowded>().is_some() {
            return Err(admission.map_or_else(overloaded, Admission::refuse_crowded));
        }
        let mut admitted = Self {
            until_sent: class == Some(Class::Report),
            ..Self::default()
        };
        if let (Some(admission), Some(_)) = (admission, class) {
            admitted.present = admission.begin(party)?;
        }
        if let Some(body) = body {
            let received = intake::receive(admission, party, request.headers(), body).await?;
            *body = Body::empty();
            *request.body_mut() = received.into();
        }
        if let (Some(admission), Some(class)) = (admission, class) {
            admitted.place = Some(admission.admit(class, party).await?);
        }
        Ok(admitted)
    }

    /// Gives back what is not needed any more once the answer is there.
    pub(crate) fn release(self, response: Response) -> Response {
        let place = self.place.filter(|_| self.until_sent);
        if place.is_none() && self.present.is_none() {
            return response;
        }
        keep_until_sent((place, self.present), response)
    }
}
