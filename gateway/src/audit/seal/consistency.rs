//! `GET /v1/audit/consistency`

use axum::{extract::State, response::Response};
use proto::v1;

use super::view::{self, ConsistencyProof};
use crate::{
    call::{CALL, ask, timed},
    consistency::Checked,
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{Params, ReadParams, Values},
    problem::Problem,
};

/// Between which checkpoints.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Between {
    /// Number of the earlier checkpoint.
    #[param(minimum = 1)]
    from: u64,
    /// Number of the later one. The newest, unless said otherwise.
    #[param(minimum = 1)]
    to: Option<u64>,
}

impl ReadParams for Between {
    fn read(values: &mut Values) -> Self {
        let from = super::number(values, "from");
        let to = super::number(values, "to");
        if from.is_none() && !values.is_wrong("from") {
            values.wrong("from", "required", "the parameter is required");
        }
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            values.wrong("to", "out_of_range", "to is less than from");
        }
        Self {
            from: from.unwrap_or_default(),
            to,
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::AuditRead)
        .refuses(&["checkpoint_not_found", "seal_broken"])
        .handler(routes!(prove_consistency))
}

/// Proves that a checkpoint goes on from an earlier one
///
/// That is: whatever the earlier one covers is unchanged in the later one. The answer is a file that `tillroll audit check-proof` checks
/// without a database, with nothing but the public key.
#[utoipa::path(get, path = "/v1/audit/consistency", tag = "audit", params(Between),
    responses((status = 200, description = "The proof", body = ConsistencyProof),
        (status = 404, description = "There is no such checkpoint"),
        (status = 409, description = "What is stored is not what was sealed (`seal_broken`)")))]
pub(crate) async fn prove_consistency(
    State(edge): State<Edge>,
    Params(Between { from, to }): Params<Between>,
    _: Checked,
) -> Result<Response, Problem> {
    let request = v1::ProveConsistencyRequest {
        from,
        to: to.unwrap_or_default(),
    };
    let proof = ask(CALL, edge.seal_query().prove_consistency(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("checkpoint_not_found"))?;
    view::proof::<ConsistencyProof>(&proof.document)
}
