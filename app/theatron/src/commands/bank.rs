//! What every command that touches cases takes.

use std::path::PathBuf;
use std::str::FromStr as _;

use app_engine::{Fault, FaultKind};
use casebank_case::{Actor, CaseId, Told as _};
use casebank_store::Bank;

/// Where the cases are.
#[derive(clap::Args)]
pub(crate) struct BankArguments {
    /// Folder of the bank; default: $XDG_DATA_HOME/theatron.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) bank: Option<PathBuf>,
}

impl BankArguments {
    /// Folder of the bank.
    pub(crate) fn folder(&self) -> PathBuf {
        self.bank.clone().unwrap_or_else(|| {
            let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
            let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
            data.or_else(home).unwrap_or_else(|| PathBuf::from(".")).join("theatron")
        })
    }

    /// Opens the bank.
    pub(crate) fn open(&self) -> Result<Bank, Fault> {
        Ok(Bank::open(self.folder())?)
    }
}

/// Who acts: the account that runs the program, as the audit trail names it.
pub(crate) fn actor() -> Result<Actor, Fault> {
    let name =
        ["USER", "LOGNAME"].iter().find_map(|key| std::env::var(key).ok()).filter(|name| !name.is_empty());
    Actor::new(&name.unwrap_or_else(|| "local".to_owned())).map_err(|error| {
        let words = (
            format!("The account's name cannot stand in a journal: {error}."),
            format!("账户名不能写入日志：{}。", error.chinese()),
        );
        Fault::told(FaultKind::Usage, words)
    })
}

/// Reads a case id.
pub(crate) fn case_id(text: &str) -> Result<CaseId, Fault> {
    CaseId::from_str(text).map_err(|_error| {
        Fault::new(
            FaultKind::Usage,
            (format!("{text:?} is not a case id."), format!("{text:?} 不是病例编号。")),
            ("Nothing was done.", "没有做任何事。"),
            ("`theatron case list` shows the ids of the bank.", "`theatron case list` 列出病例库中的编号。"),
        )
    })
}
