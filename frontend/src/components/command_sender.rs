//! Submitting commands from a component.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend::{Backend, server};
use crate::command::Command;
use crate::notice::Notice;
use crate::state::Store;

/// A component's way to submit commands: it shows the notice when one is refused. A handle: copies are the
/// same sender.
#[derive(Clone, Copy)]
pub(crate) struct CommandSender(Callback<Command>);

impl CommandSender {
    /// Lets every component of a ring find its sender by [`CommandSender::here`].
    pub(crate) fn provide(store: Store, backend: Backend) {
        let show = move |result: Result<(), Notice>| {
            if let Err(notice) = result {
                store.notify(notice);
            }
        };
        provide_context(Self(Callback::new(move |command| match backend.sandbox() {
            Some(sandbox) => show(sandbox.submit(&command)),
            // Nothing can be done on a kept run.
            None if backend.kept().is_some() => {}
            None => {
                // What is done is done in the present.
                store.return_to_present();
                spawn_local(async move { show(server::submit(command).await) });
            }
        })));
    }

    /// The sender for the ring that the component belongs to.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Submits a command: the sandbox carries it out at once, the server later.
    pub(crate) fn submit(self, command: Command) {
        self.0.run(command);
    }
}
