//! Whether Terraform's brackets and strings close: what is read of it is read line by line, and would not notice.

enum Open {
    Bracket(char),
    String,
    /// `${` or `%{` within a string.
    Template,
}

/// # Errors
/// The first bracket or string that does not close, or closes nothing, with its line.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut open: Vec<(Open, usize)> = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut in_comment = None;
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            if in_comment.is_some() {
                let Some((_, after)) = rest.split_once("*/") else { break };
                (in_comment, rest) = (None, after);
                continue;
            }
            let mut step = first.len_utf8();
            if let Some((Open::String, _)) = open.last() {
                match first {
                    '"' => drop(open.pop()),
                    '\\' => step += rest[1..].chars().next().map_or(0, char::len_utf8),
                    '$' | '%' if rest[1..].starts_with(&format!("{first}{{")) => step = 3,
                    '$' | '%' if rest[1..].starts_with('{') => {
                        open.push((Open::Template, number));
                        step = 2;
                    }
                    _ => {}
                }
                rest = &rest[step..];
                continue;
            }
            match first {
                '#' => break,
                '/' if rest.starts_with("//") => break,
                '/' if rest.starts_with("/*") => (in_comment, step) = (Some(number), 2),
                '<' if rest.starts_with("<<") => {
                    let mark = rest[2..].trim_start_matches('-').trim();
                    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
                    if !mark.is_empty() && mark.chars().all(is_name) {
                        if !lines.any(|(_, line)| line.trim() == mark) {
                            return Err(format!("line {number}: `<<{mark}` is not closed"));
                        }
                        break;
                    }
                }
                '"' => open.push((Open::String, number)),
                '{' | '[' | '(' => open.push((Open::Bracket(first), number)),
                '}' | ']' | ')' => match (open.pop(), first) {
                    (Some((Open::Bracket('{') | Open::Template, _)), '}')
                    | (Some((Open::Bracket('['), _)), ']')
                    | (Some((Open::Bracket('('), _)), ')') => {}
                    _ => return Err(format!("line {number}: `{first}` closes nothing")),
                },
                _ => {}
            }
            rest = &rest[step..];
        }
        if let Some((Open::String, line)) = open.last() {
            return Err(format!("line {line}: a string is not closed"));
        }
    }
    match (open.pop(), in_comment) {
        (_, Some(line)) => Err(format!("line {line}: `/*` is not closed")),
        (Some((Open::Bracket(bracket), line)), _) => {
            Err(format!("line {line}: `{bracket}` is not closed"))
        }
        (Some((_, line)), _) => Err(format!("line {line}: a string is not closed")),
        (None, None) => Ok(()),
    }
}
