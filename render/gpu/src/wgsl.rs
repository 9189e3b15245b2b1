//! Pasting shared WGSL into a shader: one directive, `#import shared/x.wgsl`, each file pasted once.

/// Why a shader could not be put together: a bug in our own files, found by a unit test.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A file that is not in the list.
    #[error("{from} imports {name}, which is not in the list of shader files")]
    Missing {
        /// The importing file.
        from: String,
        /// The file it asks for.
        name: String,
    },
}

/// Puts the shader `root` together out of `files` (name, source). A line `#import NAME` is replaced by that
/// file the first time it is met and by nothing after that, so files may import each other in any order.
pub fn link(root: &str, files: &[(&str, &str)]) -> Result<String, LinkError> {
    let mut out = String::new();
    let mut pasted = Vec::new();
    paste("the caller", root, files, &mut pasted, &mut out)?;
    Ok(out)
}

fn paste<'a>(
    from: &str,
    name: &str,
    files: &[(&'a str, &'a str)],
    pasted: &mut Vec<&'a str>,
    out: &mut String,
) -> Result<(), LinkError> {
    let Some(&(name, source)) = files.iter().find(|(n, _)| *n == name) else {
        return Err(LinkError::Missing { from: from.to_owned(), name: name.to_owned() });
    };
    if pasted.contains(&name) {
        return Ok(());
    }
    pasted.push(name);
    for line in source.lines() {
        if let Some(wanted) = line.strip_prefix("#import ") {
            paste(name, wanted.trim(), files, pasted, out)?;
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_pasted_once_and_before_its_user() {
        let files = [
            ("a.wgsl", "#import shared/b.wgsl\n#import shared/c.wgsl\nfn a() {}\n"),
            ("shared/b.wgsl", "#import shared/c.wgsl\nfn b() {}\n"),
            ("shared/c.wgsl", "fn c() {}\n"),
        ];
        assert_eq!(link("a.wgsl", &files).unwrap(), "fn c() {}\nfn b() {}\nfn a() {}\n");
    }

    #[test]
    fn a_missing_file_is_named_with_its_user() {
        let error = link("a.wgsl", &[("a.wgsl", "#import shared/no.wgsl")]).unwrap_err();
        assert_eq!(error, LinkError::Missing { from: "a.wgsl".into(), name: "shared/no.wgsl".into() });
    }
}
