//! C-FIND: what does the PACS hold? (PS3.4 annex C, study root)

mod merge;

use casebank_case::Phi;
use meshing_volume::Progress;

use crate::association::{Association, Context, Proposal};
use crate::command::{self, AFFECTED_CLASS, Command, MESSAGE_ID, PRIORITY, STATUS, field};
use crate::error::AssociationError;
use crate::identifier::{Elements, Identifier, tag};
use crate::settings::Settings;
use crate::text::Written;
use crate::{Peer, uids};

/// What one answer stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// A study.
    #[default]
    Study,
    /// A series of a study.
    Series,
    /// An object of a series.
    Image,
}

impl Level {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Image => "IMAGE",
        }
    }
}

/// What to look for. An absent key matches everything; `*` and `?` are wildcards in texts, `20240101-20241231` a range
/// of dates. Below the study level name the study, and below the series level the series (PS3.4 §C.4.1.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What one answer stands for.
    pub level: Level,
    /// Patient's name, such as `Wang*`.
    pub patient_name: Option<Phi<String>>,
    /// Patient ID.
    pub patient_id: Option<Phi<String>>,
    /// Accession number.
    pub accession: Option<Phi<String>>,
    /// Study date or range, `YYYYMMDD`.
    pub study_date: Option<String>,
    /// Modality, such as `CT`.
    pub modality: Option<String>,
    /// Study Instance UID.
    pub study_uid: Option<String>,
    /// Series Instance UID.
    pub series_uid: Option<String>,
}

/// One answer. Absent is what the peer left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Match {
    /// Study Instance UID.
    pub study_uid: String,
    /// Series Instance UID.
    pub series_uid: Option<String>,
    /// SOP Instance UID.
    pub instance_uid: Option<String>,
    /// SOP Class UID.
    pub class_uid: Option<String>,
    /// Modality of a series, or the modalities of a study.
    pub modalities: Vec<String>,
    /// Study date, `YYYYMMDD`.
    pub study_date: Option<String>,
    /// Study time, `HHMMSS`.
    pub study_time: Option<String>,
    /// Study description.
    pub study_description: Option<String>,
    /// Series description.
    pub series_description: Option<String>,
    /// Series number.
    pub series_number: Option<i32>,
    /// Instance number.
    pub instance_number: Option<i32>,
    /// Series in the study.
    pub series_count: Option<u32>,
    /// Objects in the study or series.
    pub instance_count: Option<u32>,
    /// Patient's name.
    pub patient_name: Phi<String>,
    /// Patient ID.
    pub patient_id: Phi<String>,
    /// Birth date, `YYYYMMDD`.
    pub birth_date: Phi<String>,
    /// Sex: `F`, `M`, `O` or empty.
    pub sex: Phi<String>,
    /// Accession number.
    pub accession: Phi<String>,
}

/// The answers to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// In the order of the peer.
    pub matches: Vec<Match>,
    /// The peer had more than [`crate::Limits::matches`]; the rest was cancelled.
    pub more: bool,
}

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The association failed.
    #[error(transparent)]
    Association(#[from] AssociationError),
    /// A key cannot be sent.
    #[error("The query cannot be sent: {what}. Correct it and ask again.")]
    Key {
        /// Which key and why.
        what: &'static str,
    },
    /// The peer does not offer study root queries.
    #[error(
        "{at} accepted our call but offers no queries (C-FIND, study root). It may be a node that only stores. Ask the \
         PACS team which AE title and port answer queries."
    )]
    NotOffered {
        /// `host:port`.
        at: String,
    },
    /// The peer refused or failed.
    #[error("{at} could not answer the query (status {status:#06x}): {}", status_text(*.status))]
    Status {
        /// `host:port`.
        at: String,
        /// DIMSE status (PS3.4 table C.4-1).
        status: u16,
        /// The peer's comment, which may name a patient.
        comment: Option<Phi<String>>,
    },
}

/// What a status of a query or retrieval means and what to do.
pub(crate) const fn status_text(status: u16) -> &'static str {
    match status {
        0xa700..=0xa702 => "it is out of resources. Wait a while, or ask for less at a time.",
        0xa801 => {
            "it does not know the destination. Ask the PACS team to add this computer under our AE title."
        }
        0xa900 => {
            "it does not accept these keys. Name the study when you ask for series, and the series when you ask for images."
        }
        0x0122 => "it does not support this service. Ask the PACS team which AE title and port do.",
        0x0124 => "our AE title may not do this. Ask the PACS team to allow it.",
        0xc000..=0xcfff => {
            "it was unable to process the request. Ask the PACS team to look at the server's log."
        }
        0xfe00 => "it stopped, as if we had cancelled.",
        _ => "ask the PACS team to look at the server's log for the time of this message.",
    }
}

/// Asks `peer` for what matches `query`. Keys beyond ASCII are asked for twice, in UTF-8 and in GB18030, because archives
/// that compare bytes only find what was stored in the set of the query; the answers are put together.
///
/// Cancelling through `progress` sends C-CANCEL and gives [`AssociationError::Cancelled`].
pub fn find(
    peer: &Peer,
    query: &Query,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Found, FindError> {
    let keys = keys(query)?;
    let at = peer.address();
    let mut association =
        Association::open(peer, &[Proposal::new(uids::STUDY_FIND, &uids::PLAIN)], settings)?;
    let Some(context) = association.context(uids::STUDY_FIND) else {
        association.release();
        return Err(FindError::NotOffered { at });
    };
    association.step("waiting for the answers to a query");
    let mut all: Option<Found> = None;
    for set in Written::sets_for(keys.is_ascii()) {
        let Some(identifier) = keys.encode_in(&context.syntax, *set) else { continue };
        match (ask(&mut association, &context, &identifier, settings, progress), &mut all) {
            (Ok(found), None) => all = Some(found),
            (Ok(found), Some(all)) => all.add(found, settings.limits.matches),
            (Err(cancelled @ FindError::Association(AssociationError::Cancelled { .. })), _) => {
                return Err(cancelled);
            }
            // What the first set found stays found.
            (Err(error), Some(_)) => {
                tracing::debug!(%error, "the peer did not answer the query in {}", set.term());
                break;
            }
            (Err(error), None) => return Err(error),
        }
    }
    association.release();
    Ok(all.unwrap_or_default())
}

/// One query on an open association.
fn ask(
    association: &mut Association,
    context: &Context,
    identifier: &[u8],
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Found, FindError> {
    let id = association.message_id();
    let request = Command::new(field::FIND_RQ, true)
        .number(MESSAGE_ID, id)
        .uid(AFFECTED_CLASS, uids::STUDY_FIND)
        .number(PRIORITY, 0);
    association.send_command(context.id, &request)?;
    association.send_data(context.id, &mut &*identifier)?;
    answers(association, context, id, settings, progress)
}

fn answers(
    association: &mut Association,
    context: &Context,
    id: u16,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Found, FindError> {
    let mut found = Found::default();
    // answers that were under way when we cancelled are passed over, but not for ever
    let mut passed_over = 0_u32;
    loop {
        let (used, answer) = match association.receive_command(&|| progress.cancelled()) {
            Err(cancelled @ AssociationError::Cancelled { .. }) => {
                association.send_command(context.id, &cancel(id))?;
                return Err(cancelled.into());
            }
            other => other?,
        };
        if used != context.id
            || answer.field() != field::FIND_RSP
            || answer.u16(command::RESPONDED_ID) != Some(id)
        {
            return Err(association.violation("another message than an answer to our query").into());
        }
        let Some(status) = answer.u16(STATUS) else {
            return Err(association.violation("an answer without a status").into());
        };
        let data = if answer.has_data() { Some(association.receive_identifier(context.id)?) } else { None };
        match (status, data) {
            (0xff00 | 0xff01, Some(_)) if found.more => {
                passed_over += 1;
                if passed_over > settings.limits.matches {
                    return Err(association.violation("answers without end after C-CANCEL").into());
                }
            }
            (0xff00 | 0xff01, Some(data)) => {
                let identifier =
                    Identifier::decode(&data, &context.syntax).map_err(|what| association.violation(what))?;
                found.matches.push(matched(&identifier));
                if found.matches.len() >= settings.limits.matches as usize {
                    found.more = true;
                    association.send_command(context.id, &cancel(id))?;
                }
            }
            (0xff00 | 0xff01, None) => {
                return Err(association.violation("a pending answer without an identifier").into());
            }
            (0, _) => {
                // exactly the limit, and nothing was left to cancel
                found.more = found.more && passed_over > 0;
                return Ok(found);
            }
            (0xfe00, _) if found.more => return Ok(found),
            (status, _) => {
                let comment = answer.text(command::COMMENT).filter(|text| !text.is_empty()).map(Phi::new);
                return Err(FindError::Status { at: association.place.at.clone(), status, comment });
            }
        }
    }
}

/// C-CANCEL for the message `id` (PS3.7 §9.3.2.3).
pub(crate) fn cancel(id: u16) -> Command {
    Command::new(field::CANCEL_RQ, false).number(command::RESPONDED_ID, id)
}

fn keys(query: &Query) -> Result<Elements, FindError> {
    let mut keys = Elements::default();
    keys.put(tag::CHARACTER_SET, *b"CS", "ISO_IR 192");
    keys.put(tag::LEVEL, *b"CS", query.level.name());
    let text = |value: Option<&String>, what: &'static str, longest: usize| {
        let value = value.map_or("", |value| value.trim());
        if value.chars().count() > longest || value.chars().any(|char| char.is_control() || char == '\\') {
            Err(FindError::Key { what })
        } else {
            Ok(value.to_owned())
        }
    };
    let uid = |value: Option<&String>, what: &'static str| match value.map(|value| value.trim()) {
        Some(value) if !uids::is_uid(value) => Err(FindError::Key { what }),
        value => Ok(value.unwrap_or_default().to_owned()),
    };
    let name = text(
        query.patient_name.as_ref().map(Phi::expose),
        "the patient's name is too long or has a control character",
        192,
    )?;
    let patient =
        text(query.patient_id.as_ref().map(Phi::expose), "the patient ID is longer than 64 characters", 64)?;
    let accession = text(
        query.accession.as_ref().map(Phi::expose),
        "the accession number is longer than 16 characters",
        16,
    )?;
    let date = text(query.study_date.as_ref(), "the study date is not YYYYMMDD or YYYYMMDD-YYYYMMDD", 17)?;
    if !date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err(FindError::Key { what: "the study date is not YYYYMMDD or YYYYMMDD-YYYYMMDD" });
    }
    let modality = text(query.modality.as_ref(), "the modality is longer than 16 characters", 16)?;
    let study = uid(query.study_uid.as_ref(), "the study UID is not a UID")?;
    let series = uid(query.series_uid.as_ref(), "the series UID is not a UID")?;
    keys.put(tag::STUDY, *b"UI", &study);
    keys.put(tag::STUDY_DATE, *b"DA", &date);
    keys.put(tag::PATIENT_NAME, *b"PN", &name);
    keys.put(tag::PATIENT_ID, *b"LO", &patient);
    keys.put(tag::ACCESSION, *b"SH", &accession);
    match query.level {
        Level::Study => {
            keys.put(tag::MODALITIES, *b"CS", &modality);
            for (tag, vr) in [
                (tag::STUDY_TIME, b"TM"),
                (tag::STUDY_DESCRIPTION, b"LO"),
                (tag::BIRTH_DATE, b"DA"),
                (tag::SEX, b"CS"),
                (tag::STUDY_SERIES_COUNT, b"IS"),
                (tag::STUDY_INSTANCE_COUNT, b"IS"),
            ] {
                keys.put(tag, *vr, "");
            }
        }
        Level::Series => {
            keys.put(tag::MODALITY, *b"CS", &modality);
            keys.put(tag::SERIES, *b"UI", &series);
            keys.put(tag::SERIES_DESCRIPTION, *b"LO", "");
            keys.put(tag::SERIES_NUMBER, *b"IS", "");
            keys.put(tag::SERIES_INSTANCE_COUNT, *b"IS", "");
        }
        Level::Image => {
            keys.put(tag::MODALITY, *b"CS", &modality);
            keys.put(tag::SERIES, *b"UI", &series);
            keys.put(tag::CLASS, *b"UI", "");
            keys.put(tag::INSTANCE, *b"UI", "");
            keys.put(tag::INSTANCE_NUMBER, *b"IS", "");
        }
    }
    Ok(keys)
}

fn matched(answer: &Identifier) -> Match {
    let number = |tag| answer.text(tag).and_then(|text| text.trim().parse().ok());
    let count = |tag| answer.text(tag).and_then(|text| text.trim().parse().ok());
    let phi = |tag| Phi::new(answer.text(tag).unwrap_or_default());
    let modalities = answer.text(tag::MODALITIES).or_else(|| answer.text(tag::MODALITY)).unwrap_or_default();
    Match {
        study_uid: answer.text(tag::STUDY).unwrap_or_default(),
        series_uid: answer.text(tag::SERIES),
        instance_uid: answer.text(tag::INSTANCE),
        class_uid: answer.text(tag::CLASS),
        modalities: modalities
            .split('\\')
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect(),
        study_date: answer.text(tag::STUDY_DATE),
        study_time: answer.text(tag::STUDY_TIME),
        study_description: answer.text(tag::STUDY_DESCRIPTION),
        series_description: answer.text(tag::SERIES_DESCRIPTION),
        series_number: number(tag::SERIES_NUMBER),
        instance_number: number(tag::INSTANCE_NUMBER),
        series_count: count(tag::STUDY_SERIES_COUNT),
        instance_count: count(tag::SERIES_INSTANCE_COUNT).or_else(|| count(tag::STUDY_INSTANCE_COUNT)),
        patient_name: phi(tag::PATIENT_NAME),
        patient_id: phi(tag::PATIENT_ID),
        birth_date: phi(tag::BIRTH_DATE),
        sex: phi(tag::SEX),
        accession: phi(tag::ACCESSION),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_would_mean_something_else_are_refused() {
        let bad = [
            Query { patient_name: Some("A\\B".into()), ..Query::default() },
            Query { patient_id: Some(Phi::new("x".repeat(65))), ..Query::default() },
            Query { study_date: Some("today".into()), ..Query::default() },
            Query { study_uid: Some("1..2".into()), ..Query::default() },
            Query { series_uid: Some("*".into()), ..Query::default() },
        ];
        for query in bad {
            assert!(matches!(keys(&query), Err(FindError::Key { .. })), "{query:?}");
        }
        let error =
            keys(&Query { patient_name: Some("Canary\\Name".into()), ..Query::default() }).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("Canary"));
    }
}
