//! The processes and their steps (specification 1.9, chapter 15), and how a script makes one fail.

use serde::{Deserialize, Serialize};

use crate::fault::Turn;

/// A process of chapter 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Process {
    /// Chapter 15.2.
    Authentication,
    /// Chapter 15.3.
    Batch,
    /// Chapter 15.4.
    Session,
    /// Chapter 15.5.
    Invoice,
    /// Chapter 15.6.
    Query,
    /// Chapter 15.6, the sub-process of one part.
    QueryPart,
    /// Chapter 15.7; hiding, scam reports, payment identifiers and certificates go the same way.
    Credentials,
}

/// A step by its name in the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of chapter 15, which says what they do")]
pub enum Step {
    Authenticate,
    DecryptKey,
    PartsProvidedCheck,
    Authorise,
    Security,
    DecryptParts,
    MergeParts,
    DecompressPackage,
    ExportAndInitSP,
    Invoice,
    GenerateUPO,
    SessionInitCheck,
    SessionEndCheck,
    Decrypt,
    VerifyInvoiceSemantics,
    VerifyInvoiceEssentials,
    BeforeAccept,
    Accept,
    ArchiveData,
    Statistics,
    SplitDefineAndInitSP,
    Part,
    ValidateResponse,
    PreparePart,
    Process,
}

/// A step with its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stage {
    /// Which step.
    pub step: Step,
    /// The code while it runs.
    pub start: u16,
    /// The code when it went well.
    pub success: u16,
    /// The code when it failed.
    pub failure: u16,
}

const fn stage(step: Step, start: u16, success: u16, failure: u16) -> Stage {
    Stage { step, start, success, failure }
}

impl Process {
    /// The steps in their order.
    pub fn stages(self) -> &'static [Stage] {
        match self {
            Self::Authentication => {
                const {
                    &[
                        stage(Step::Authenticate, 100, 310, 410),
                        stage(Step::DecryptKey, 310, 200, 415),
                    ]
                }
            }
            Self::Batch => {
                const {
                    &[
                        stage(Step::PartsProvidedCheck, 100, 300, 405),
                        stage(Step::Authorise, 300, 310, 410),
                        stage(Step::Security, 310, 315, 415),
                        stage(Step::DecryptParts, 315, 320, 420),
                        stage(Step::MergeParts, 320, 325, 425),
                        stage(Step::DecompressPackage, 325, 330, 430),
                        stage(Step::ExportAndInitSP, 330, 335, 435),
                        stage(Step::Invoice, 335, 340, 440),
                        stage(Step::GenerateUPO, 340, 200, 445),
                    ]
                }
            }
            Self::Session => {
                const {
                    &[
                        stage(Step::Authorise, 100, 310, 410),
                        stage(Step::Security, 310, 315, 415),
                        stage(Step::SessionInitCheck, 315, 350, 450),
                        stage(Step::SessionEndCheck, 350, 355, 455),
                        stage(Step::Invoice, 355, 360, 460),
                        stage(Step::GenerateUPO, 360, 200, 465),
                    ]
                }
            }
            Self::Invoice => {
                const {
                    &[
                        stage(Step::Authorise, 100, 310, 410),
                        stage(Step::Security, 310, 315, 415),
                        stage(Step::Decrypt, 315, 320, 420),
                        stage(Step::VerifyInvoiceSemantics, 320, 325, 425),
                        stage(Step::VerifyInvoiceEssentials, 325, 330, 430),
                        stage(Step::BeforeAccept, 330, 335, 435),
                        stage(Step::Accept, 335, 340, 440),
                        stage(Step::ArchiveData, 340, 200, 445),
                    ]
                }
            }
            Self::Query => {
                const {
                    &[
                        stage(Step::Authorise, 100, 310, 410),
                        stage(Step::Security, 310, 315, 415),
                        stage(Step::Statistics, 315, 320, 420),
                        stage(Step::SplitDefineAndInitSP, 320, 325, 425),
                        stage(Step::Part, 325, 330, 430),
                        stage(Step::ValidateResponse, 330, 200, 435),
                    ]
                }
            }
            Self::QueryPart => const { &[stage(Step::PreparePart, 100, 200, 410)] },
            Self::Credentials => {
                const {
                    &[
                        stage(Step::Authorise, 100, 310, 410),
                        stage(Step::Security, 310, 315, 415),
                        stage(Step::Process, 315, 200, 420),
                    ]
                }
            }
        }
    }

    /// The codes of one step; `None` when the process has no such step.
    pub fn stage(self, step: Step) -> Option<Stage> {
        self.stages().iter().copied().find(|stage| stage.step == step)
    }
}

/// What a code is called in `processingDescription`.
pub(super) fn description(code: u16) -> &'static str {
    match code {
        100 => "The process has been registered.",
        200 => "The process has ended well.",
        300..=349 => "The process is running.",
        350..=399 => "The session is being closed.",
        _ => "The process has failed.",
    }
}

/// One step of one process that shall fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StepFault {
    /// The process.
    pub process: Process,
    /// The step.
    pub step: Step,
    /// The exception that it fails with.
    pub exception: u32,
    /// On which of the passages through this step; each of them by default.
    #[serde(default)]
    pub turn: Turn,
}

impl StepFault {
    /// A step that fails every time.
    pub fn new(process: Process, step: Step, exception: u32) -> Self {
        Self { process, step, exception, turn: Turn::Always }
    }

    /// Fails only the first passage.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.turn = Turn::First(1);
        self
    }
}

/// The scripted failures with what they have seen.
#[derive(Debug, Default)]
pub(super) struct StepScript(Vec<(StepFault, u64)>);

impl StepScript {
    pub(super) fn push(&mut self, fault: StepFault) {
        self.0.push((fault, 0));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The exception that this passage fails with; `draw` decides about shares of a thousand.
    pub(super) fn draw(
        &mut self,
        process: Process,
        step: Step,
        draw: impl Fn(u16) -> bool,
    ) -> Option<u32> {
        let matching = self.0.iter_mut();
        let mut matching =
            matching.filter(|(fault, _)| fault.process == process && fault.step == step);
        matching.find_map(|(fault, seen)| {
            *seen += 1;
            let acts = match fault.turn {
                Turn::Always => true,
                Turn::First(count) => *seen <= count,
                Turn::Nth(number) => *seen == number,
                Turn::PerThousand(share) => draw(share),
            };
            acts.then_some(fault.exception)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Process; 7] = [
        Process::Authentication,
        Process::Batch,
        Process::Session,
        Process::Invoice,
        Process::Query,
        Process::QueryPart,
        Process::Credentials,
    ];

    #[test]
    fn each_step_starts_where_the_one_before_it_ended() {
        for process in ALL {
            let stages = process.stages();
            assert_eq!(stages[0].start, 100, "{process:?}");
            assert_eq!(stages[stages.len() - 1].success, 200, "{process:?}");
            for pair in stages.windows(2) {
                assert_eq!(pair[0].success, pair[1].start, "{process:?}");
            }
            assert!(stages.iter().all(|stage| (400..500).contains(&stage.failure)));
        }
    }

    #[test]
    fn a_fault_acts_on_its_turn_only() {
        let mut script = StepScript::default();
        let fault = StepFault::new(Process::Invoice, Step::Accept, 21176).once();
        script.push(fault);
        let mut draw = |step| script.draw(Process::Invoice, step, |_| false);
        assert_eq!(draw(Step::Decrypt), None);
        assert_eq!(draw(Step::Accept), Some(21176));
        assert_eq!(draw(Step::Accept), None);
    }
}
