export { CascadeService } from './cascade.service.js';
export { CascadeFreezer } from './cascade.freezer.js';
export { type CascadeRow, type OrganisationRow } from './cascade.repository.js';
export { CascadeTicker } from './cascade.ticker.js';
export { CascadesModule } from './cascades.module.js';
export {
  DEFAULT_ESCALATION,
  ESCALATION_PAST_COMMISSIONERS,
  type EscalationPolicy,
  type EscalationTarget,
  type NextRung,
} from './escalation.rules.js';
export { EscalationPolicies } from './escalation.policies.js';
export { EscalationService } from './escalation.service.js';
export { LoopService } from './loop.service.js';
export { type CoverageRow, type DayOfSteps } from './report.repository.js';
export { CascadeReports } from './report.service.js';
export { type DrillScope, DrillService, MOST_DRILL_CONTACTS, USUAL_DRILL_CONTACTS } from './drill.service.js';
export { type StepScore } from './score.repository.js';
export { ANSWERS, type Coverage, COVERAGES, type StepState, type TreeKind } from './step.rules.js';
export { STEP_ACTION_WORDS } from './step.words.js';
export { type Nudge, NudgeService } from './nudge.service.js';
export { csvFile, toCsv, toWorkbook, XLSX_TYPE } from './table.export.js';
export { type CascadeTables } from './cascade.tables.js';
export { ProofService } from './proof.service.js';
export { TellingModule } from './telling.module.js';
export { TellingService } from './telling.service.js';
export { WorklistService } from './worklist.service.js';
export { type CascadeScript, ScriptedCascade } from './scripted-cascade.js';
export { type TreeScope } from './tree.rules.js';
