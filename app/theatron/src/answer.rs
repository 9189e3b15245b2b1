//! What a command answers.

use app_engine::Fault;
use serde::Serialize;
use serde_json::{Value, json};

/// One JSON object for scripts, the same in words for people; and a fault where part of the job was refused.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For `--json`.
    pub(crate) json: Value,
    /// For people; ends with a newline or is empty.
    pub(crate) text: String,
    /// What was refused, although there is an answer (pictures drawn, print file refused).
    pub(crate) fault: Option<Fault>,
}

impl Answer {
    /// An answer without a fault.
    ///
    /// # Errors
    /// Where the object cannot be written as JSON, which would be our bug.
    pub(crate) fn new(object: &impl Serialize, text: impl Into<String>) -> Result<Self, Fault> {
        let json = serde_json::to_value(object).map_err(|error| {
            Fault::told(
                app_engine::FaultKind::Internal,
                (format!("The answer cannot be written: {error}."), "无法写出回答。"),
            )
        })?;
        Ok(Self { json, text: text.into(), fault: None })
    }
}

/// The JSON object of a failure.
pub(crate) fn of_fault(fault: Option<&Fault>) -> Value {
    fault.map_or(Value::Null, |fault| {
        let [what, meaning, next_step] = fault.said();
        let mut error = json!({"what": what.en, "meaning": meaning.en, "next_step": next_step.en, "exit_code": fault.exit_code()});
        if let Some(zh) = fault.chinese() {
            error["message_zh"] = json!(zh);
        }
        json!({ "error": error })
    })
}
