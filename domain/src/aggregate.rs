//! What all aggregates have in common, written once.

/// Implements [`cqrs_es::DomainEvent`] for an event enum.
///
/// The match is exhaustive, so a variant that is missing from the list does not compile, and `TYPES`
/// is complete by construction.
macro_rules! domain_event {
    ($event:ident { $($variant:ident),+ $(,)? }) => {
        impl $event {
            /// The event types of this aggregate: the names of all variants.
            pub const TYPES: &'static [&'static str] = &[$(stringify!($variant)),+];

            /// The name that the event is stored under: that of its variant.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                }
            }
        }

        impl ::cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                self.type_name().to_owned()
            }

            fn event_version(&self) -> String {
                "1.0".to_owned()
            }
        }
    };
}

/// Implements [`cqrs_es::Aggregate`] by the inherent `decide` and `evolve` of a state.
macro_rules! aggregate {
    ($state:ident, $type:literal, $command:ident, $event:ident, $error:ident) => {
        impl ::cqrs_es::Aggregate for $state {
            const TYPE: &'static str = $type;
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

pub(crate) use {aggregate, domain_event};
