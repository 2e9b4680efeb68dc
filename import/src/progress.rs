//! How far an import is, for a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::item::Position;

/// A bar over the bytes of an input; hidden when standard error is no terminal.
pub(crate) struct Progress {
    pub(super) bar: ProgressBar,
}

impl Progress {
    /// For so many bytes; `None`: nobody knows how many there will be.
    pub(crate) fn new(length: Option<u64>) -> Self {
        let template = match length {
            Some(_) => "{bar:30} {percent:>3} %  {bytes}/{total_bytes}  {msg}  {elapsed_precise}, {eta} left",
            None => "{spinner} {bytes}  {msg}  {elapsed_precise}",
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(5));
        // A template that does not parse would leave the default style; a test keeps it from happening.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    pub(super) fn show(&self, position: &Position) {
        self.bar.set_position(position.offset);
    }
}
