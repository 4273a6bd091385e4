//! Lists to choose from: each choice has a word in the link and words on the page.

/// Makes an enum of choices.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal, $says:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$about])* $variant,)*
        }

        impl $name {
            /// Every choice: its word in the link, and what the page says.
            pub(crate) const ALL: &[(&str, &str)] = &[$(($word, $says)),*];

            /// The word in the link.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The choice with this word.
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
    /// How the attributes are laid round the ring.
    Arrangement {
        /// In any order, from the seed.
        Random = "random", "random";
        /// Upwards in the direction of the messages.
        Increasing = "increasing", "increasing";
        /// Downwards.
        Decreasing = "decreasing", "decreasing";
        /// The lowest, the highest, the second lowest, the second highest …
        Alternating = "alternating", "alternating";
        /// As they were given.
        Given = "given", "as given";
    }
}

choice! {
    /// How long a hop takes. One [`HOP`](super::settings::HOP) on average.
    Links {
        /// Always as long.
        Constant = "constant", "constant";
        /// From nearly nothing to nearly two.
        Uniform = "uniform", "0 to 2 hops";
        /// Mostly short, now and then many times the mean.
        Exponential = "exponential", "exponential";
    }
}

choice! {
    /// Who starts an election at the beginning.
    Start {
        /// The first one.
        One = "one", "first node";
        /// Everybody, at once.
        All = "all", "all at once";
        /// Nobody, until somebody is told to.
        Nobody = "nobody", "nobody";
        /// Those with the labels that were given, at once.
        Given = "given", "by label";
    }
}
