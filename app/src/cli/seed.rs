//! `tillroll seed`.

use super::services::Services;
use super::session::{Work, with_database};
use super::{End, print};
use crate::config::Config;
use crate::seed::{self, Login, Options, Summary};
use crate::world::World;

/// Who the events say has done it.
const ACTOR: &str = "system:seed";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Size of the shop, in units of 2,000 products, 300 customers and 5,000 orders
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    scale: u32,
    /// E-mail address of the demo shop's administrator; an existing account is left as it is
    #[arg(long, default_value = "admin@example.com", value_name = "EMAIL")]
    admin_email: String,
    /// Password of the administrator and the demo customers. The default is public, so set another one if others can reach
    /// the shop
    #[arg(long, default_value = "tillroll-demo", value_name = "PASSWORD")]
    demo_password: String,
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    let summary = with_database(config, async |work| fill(config, &work, arguments).await).await?;
    print::line(&summary);
    let (email, password) = (&arguments.admin_email, &arguments.demo_password);
    if summary.admin_created == Some(true) {
        print::line(format_args!("log in as {email} with the password {password}"));
    } else {
        print::line(format_args!(
            "log in as {email} with the password that the account was made with: {password}, unless another was given then"
        ));
    }
    Ok(End::Success)
}

async fn fill(config: &Config, work: &Work, arguments: &Arguments) -> anyhow::Result<Summary> {
    let world = World::default();
    let mut services = Services::open(config, &world, work).await?;
    services.project(config, work);
    let options = Options {
        scale: arguments.scale,
        today: (world.clock)().date_naive(),
        admin: Some(Login {
            email: arguments.admin_email.clone(),
            password: arguments.demo_password.clone(),
        }),
        customer_password: arguments.demo_password.clone(),
        actor: ACTOR.to_owned(),
        correlation_id: (world.ids)(),
    };
    let result = tokio::select! {
        result = seed_and_project(&services, &options) => result,
        () = work.stop.cancelled() => Err(anyhow::anyhow!("interrupted; the same command goes on where it was")),
    };
    services.close().await;
    result
}

async fn seed_and_project(services: &Services, options: &Options) -> anyhow::Result<Summary> {
    let summary = seed::run(services.commands(), services.queries(), options).await?;
    services.caught_up().await?;
    Ok(summary)
}
