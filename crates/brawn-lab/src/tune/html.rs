//! The result as one page: no request leaves it, whatever is looked at.

use super::output::Tuning;

const PAGE: &str = include_str!("page.html");

/// A page with the chart and the table of `tuning`, and of `before` beside it where there is one.
pub fn html(tuning: &Tuning, before: Option<&Tuning>) -> String {
    let data = serde_json::json!({ "after": tuning, "before": before });
    // Within a script element only this ends it; a command line may hold anything.
    let data = data.to_string().replace("</", "<\\/").replace("<!--", "<\\!--");
    PAGE.replacen("/*DATA*/null", &data, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_its_data_and_asks_nobody_for_more() {
        let command = "./x </script><script>alert(1)".to_owned();
        let page = html(&Tuning { command, ..Tuning::default() }, None);
        assert!(page.contains(r#""stateMachine""#) && !page.contains("/*DATA*/"));
        assert_eq!(page.matches("</script>").count(), 1);
        for word in ["src=", "@import", "url(", "fetch(", "<link"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
