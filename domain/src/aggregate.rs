//! What all aggregates have in common, written once.

use registry::Touched;

/// Registers the events of an aggregate: its type, and each variant with its version and, from version 2 on, the upcasters from every
/// version before.
///
/// The match is exhaustive, so a variant that is missing from the list does not compile; neither does one for which the inherent
/// `touched` has no answer, nor a version without its upcasters.
macro_rules! events {
    ($type:literal, $event:ident { $($variant:ident: $version:literal $([$($upcaster:path),+])?),+ $(,)? }) => {
        impl $event {
            /// The name that the event is stored under: that of its variant.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                }
            }
        }

        impl ::registry::Event for $event {
            const ENTRY: &'static ::registry::Entry = &::registry::Entry::of::<Self>(
                $type,
                &[$(::registry::EventType::new(stringify!($variant), $version, &[$($($upcaster),+)?])),+],
            );

            fn touches(&self) -> ::registry::Touched {
                self.touched()
            }
        }

        impl ::cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                self.type_name().to_owned()
            }

            fn event_version(&self) -> String {
                match self {
                    $(Self::$variant { .. } => concat!($version, ".0").to_owned(),)+
                }
            }
        }
    };
}

/// Implements [`cqrs_es::Aggregate`] by the inherent `decide` and `evolve` of a state.
macro_rules! aggregate {
    ($state:ident, $command:ident, $event:ident, $error:ident) => {
        impl ::cqrs_es::Aggregate for $state {
            const TYPE: &'static str = <$event as ::registry::Event>::ENTRY.aggregate_type;
            type Command = $command;
            type Event = $event;
            type Error = $error;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                _services: &Self::Services,
                sink: &::cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in self.decide(&command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(event);
            }
        }
    };
}

/// Those of the fields that an event has.
pub(crate) fn present(fields: &[(&'static str, bool)]) -> Touched {
    let present = fields.iter().filter(|(_, present)| *present);
    present.map(|(name, _)| (*name).into()).collect()
}

pub(crate) use {aggregate, events};
