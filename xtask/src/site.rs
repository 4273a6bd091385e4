//! The page as static files: the sandbox, from any web host and under any path.

use std::path::Path;

use anyhow::{Context, bail};

use crate::dashboard::{self, DIST};
use crate::forms;
use crate::report::Report;

/// The default folder of the site.
pub(crate) const FOLDER: &str = "target/site";

/// The attribute of the first element of the page where no server stands behind it.
const NO_SERVER: &str = "data-no-server";

/// Builds the page and writes its files to a folder of their own.
pub(crate) fn write(folder: Option<&str>) -> anyhow::Result<()> {
    let folder = Path::new(folder.unwrap_or(FOLDER));
    let mut report = Report::default();
    dashboard::build(&mut report)?;
    report.print_if_slow();
    clear(folder)?;
    let mut written = copy_page(Path::new(DIST), folder)?;
    written += copy_docs(&folder.join("docs"))?;
    println!(
        "{}: {written} files, {} kB. Copy them to any web host, under any path; they ask no server for anything.",
        folder.display(),
        size(folder)? / 1000
    );
    Ok(())
}

/// Copies the files of the page, without their further forms; returns their number.
fn copy_page(from: &Path, to: &Path) -> anyhow::Result<usize> {
    std::fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    let mut written = 0;
    for entry in std::fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let from = entry?.path();
        let Some(name) = from.file_name().and_then(|name| name.to_str()) else { continue };
        let to = to.join(name);
        if from.is_dir() {
            written += copy_page(&from, &to)?;
        } else if !forms::is_further(name) {
            if name == "index.html" {
                let page =
                    std::fs::read_to_string(&from).with_context(|| format!("reading {}", from.display()))?;
                std::fs::write(&to, without_server(&page)?)
            } else {
                std::fs::copy(&from, &to).map(drop)
            }
            .with_context(|| format!("writing {}", to.display()))?;
            written += 1;
        }
    }
    Ok(written)
}

/// Copies the documentation that the page links to; returns the number of files.
fn copy_docs(folder: &Path) -> anyhow::Result<usize> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut written = 0;
    for entry in std::fs::read_dir("docs").context("reading docs")? {
        let from = entry?.path();
        if let (Some(name), Some("md")) = (from.file_name(), from.extension().and_then(|kind| kind.to_str()))
        {
            std::fs::copy(&from, folder.join(name)).with_context(|| format!("copying {}", from.display()))?;
            written += 1;
        }
    }
    Ok(written)
}

/// Removes the files of an earlier site. Fails for a folder that holds anything else.
fn clear(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut files = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let is_empty = files.next().is_none();
    let page = std::fs::read_to_string(folder.join("index.html")).unwrap_or_default();
    if !is_empty && !page.contains(NO_SERVER) {
        bail!("{} holds something else than a site: name an empty folder", folder.display());
    }
    std::fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}

/// The page, marked as one without a server, and without links to one.
fn without_server(page: &str) -> anyhow::Result<String> {
    let said = page.replacen("<html", &format!("<html {NO_SERVER}"), 1).replacen(
        "<a href=\"api/v1/ring\">api/v1/ring</a>",
        "api/v1/ring",
        1,
    );
    if ["=\"/", "'/"].iter().any(|root| said.contains(root)) {
        bail!("the page names a file from the root of its host: it would not be found under a path");
    }
    Ok(said)
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let found = entry.metadata()?;
        size += if found.is_dir() { self::size(&entry.path())? } else { found.len() };
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_that_there_is_no_server_and_asks_none() {
        let page =
            "<!doctype html><html lang=\"en\"><a href=\"api/v1/ring\">api/v1/ring</a><script src=\"./a.js\">";
        let said = without_server(page).expect("a page that works anywhere");
        assert_eq!(
            said,
            "<!doctype html><html data-no-server lang=\"en\">api/v1/ring<script src=\"./a.js\">"
        );
        assert!(without_server("<html><script src=\"/a.js\">").is_err());
    }
}
