//! Lists to choose from. Each choice has a name in permalinks and a label on the page.

/// Makes an enum of choices.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal, $says:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$about])* $variant,)*
        }

        impl $name {
            /// Every choice: its name in a permalink, and its label.
            pub(crate) const ALL: &[(&str, &str)] = &[$(($word, $says)),*];

            /// The name in a permalink.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The choice with this name.
            pub(crate) fn named(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

choice! {
    /// The arrangement of the attributes round the ring.
    Arrangement {
        /// In a random order, from the seed.
        Random = "random", "random";
        /// Increasing in the direction of the messages.
        Increasing = "increasing", "increasing";
        /// Decreasing in the direction of the messages.
        Decreasing = "decreasing", "decreasing";
        /// The lowest, the highest, the second lowest, the second highest …
        Alternating = "alternating", "alternating";
        /// In the given order.
        Given = "given", "as given";
    }
}

choice! {
    /// The duration of a hop: one [`HOP`](super::settings::HOP) on average.
    Links {
        /// Always one hop.
        Constant = "constant", "constant";
        /// Uniform, from nearly zero to nearly two hops.
        Uniform = "uniform", "0 to 2 hops";
        /// Exponential: mostly short, sometimes many times the mean.
        Exponential = "exponential", "exponential";
    }
}

choice! {
    /// The nodes that start an election at the beginning.
    Start {
        /// The first node.
        One = "one", "first node";
        /// All nodes, at once.
        All = "all", "all at once";
        /// No node, until the reader starts one.
        Nobody = "nobody", "nobody";
        /// The nodes with the given labels, at once.
        Given = "given", "by label";
    }
}
