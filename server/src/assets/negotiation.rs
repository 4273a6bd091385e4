//! Content negotiation (RFC 9110, sections 8.8.3, 12.5.3 and 13.1.2): which form of a file is sent, and
//! whether the client has it already.

use axum::http::{HeaderMap, HeaderName, header};

/// A compressed form that files may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Brotli, the smaller one.
    Brotli,
    /// gzip, which every client understands.
    Gzip,
}

impl Coding {
    /// All of them, the smallest first.
    pub(super) const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// The name in `Accept-Encoding` and `Content-Encoding`.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The end of the compressed file's name.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }
}

/// The forms that `Accept-Encoding` allows, the best first; `None` is the uncompressed file, which is
/// always the last resort. Equal weights are decided by size. Without the header the uncompressed file is
/// sent.
pub(super) fn preferred(headers: &HeaderMap) -> Vec<Option<Coding>> {
    let mut any = None;
    let mut weights: [Option<u16>; 3] = [None; 3];
    for (name, weight) in values(headers, &header::ACCEPT_ENCODING).filter_map(weighted) {
        match name.to_ascii_lowercase().as_str() {
            "br" => weights[0] = Some(weight),
            "gzip" | "x-gzip" => weights[1] = Some(weight),
            "identity" => weights[2] = Some(weight),
            "*" => any = Some(weight),
            _ => {}
        }
    }
    let forms = [Some(Coding::Brotli), Some(Coding::Gzip), None];
    let default = |form: Option<Coding>| match form {
        Some(_) => any.unwrap_or(0),
        // Acceptable unless it is ruled out, but not requested.
        None => any.unwrap_or(1),
    };
    let mut weighed: Vec<(u16, Option<Coding>)> = forms
        .into_iter()
        .zip(weights)
        .map(|(form, weight)| (weight.unwrap_or(default(form)), form))
        .collect();
    // A stable sort: the smaller form stays first.
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighed.retain(|(weight, form)| *weight > 0 || form.is_none());
    weighed.into_iter().map(|(_, form)| form).collect()
}

/// Whether `If-None-Match` names this tag, or any.
pub(super) fn has(headers: &HeaderMap, tag: &str) -> bool {
    values(headers, &header::IF_NONE_MATCH).any(|known| {
        let known = known.trim();
        // A proxy that compresses weakens tags; for this purpose weak ones are as good.
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

/// The elements of a header's list.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).filter(|element| !element.trim().is_empty())
}

/// The name of a coding and its weight in thousandths; `None` for a weight that is no number from 0 to 1.
fn weighted(element: &str) -> Option<(&str, u16)> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next()?;
    let Some(weight) = parts.next() else { return Some((name, 1000)) };
    let weight = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?;
    let (whole, rest) = weight.split_once('.').unwrap_or((weight, ""));
    if rest.len() > 3 || !rest.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{rest:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", _) => Some((name, thousandths)),
        ("1", 0) => Some((name, 1000)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn best(accepted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in accepted {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_str(value).expect("a value"));
        }
        let forms = preferred(&headers);
        forms.iter().map(|form| form.map_or("-", Coding::as_str)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_best_form_that_is_accepted_comes_first() {
        for (accepted, expected) in [
            (&[][..], "-"),
            (&["gzip, deflate, br, zstd"], "br gzip -"),
            (&["gzip"], "gzip -"),
            (&["GZIP"], "gzip -"),
            (&["x-gzip"], "gzip -"),
            (&["br;q=0.5, gzip;q=0.8"], "gzip br -"),
            (&["br;q=0.5", "gzip;q=0.8"], "gzip br -"),
            (&["br;q=0, gzip"], "gzip -"),
            (&["br;q=0.000, gzip;q=1.000"], "gzip -"),
            (&["*"], "br gzip -"),
            (&["*;q=0.1, br;q=0"], "gzip -"),
            (&["identity, br;q=0.9"], "- br"),
            (&["identity;q=0.5, gzip;q=0.1"], "- gzip"),
            (&["identity;q=0, br"], "br -"),
            (&["identity;q=0"], "-"),
            (&["*;q=0"], "-"),
            (&["br;q=2, gzip;q=x, deflate"], "-"),
            (&["br;q=0.1234"], "-"),
            (&["br ; q=0.3 ,, gzip;Q=0.2"], "br gzip -"),
            (&["", ","], "-"),
            (&["brotli, gzipped"], "-"),
        ] {
            assert_eq!(best(accepted), expected, "{accepted:?}");
        }
    }

    #[test]
    fn a_tag_is_found_among_others() {
        for (known, found) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("a", false),
            ("\"b\"", false),
            ("\"aa\"", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(known).expect("a value"));
            assert_eq!(has(&headers, "\"a\""), found, "{known}");
        }
        assert!(!has(&HeaderMap::new(), "\"a\""));
    }
}
