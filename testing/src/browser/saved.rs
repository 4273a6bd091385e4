//! The files that a page saves.

use serde_json::Value;

use super::Page;

/// Keeps what the page saves as base64, by the names of the files, instead of saving it.
const CATCH: &str = "window.saved = {}; let content = null;
    URL.createObjectURL = (blob) => { content = blob; return 'blob:kept' };
    URL.revokeObjectURL = () => {};
    HTMLAnchorElement.prototype.click = function () {
        const name = this.download, reader = new FileReader();
        reader.onload = () => { window.saved[name] = reader.result.split(',')[1] };
        reader.readAsDataURL(content);
    };";

impl Page {
    /// Keeps the files that the page saves from now on for [`Page::saved`].
    pub fn catch_files(&self) {
        self.script(CATCH, Vec::new());
    }

    /// The content of a file that the page saves.
    #[track_caller]
    pub fn saved(&self, name: &str) -> Vec<u8> {
        let text =
            self.wait_patiently_for("html", &format!("window.saved['{name}'] ?? null"), Value::is_string);
        let codes = "return [...atob(arguments[0])].map(it => it.charCodeAt(0))";
        let bytes = self.script(codes, vec![text]);
        let byte = |byte: &Value| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()).expect("a byte");
        bytes.as_array().expect("bytes").iter().map(byte).collect()
    }
}
