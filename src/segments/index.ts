export { DirectoryPictureModule } from './directory-picture.module.js';
export { DirectoryPictureRepository, type KeptReadiness, READINESS_FILTERS } from './directory-picture.repository.js';
export { type Companion, DirectoryPicture, WORKLISTS } from './directory.picture.js';
export { groupPersons, type MergeableAccount, type Person } from './person.merge.js';
export { type Readiness, type ReadinessAccount } from './readiness.rules.js';
export { ReadinessService } from './readiness.service.js';
export { segmentOf } from './segment.decision.js';
export { type AccountWithRoles } from './segment.queries.js';
export { SEGMENT_RULES, type SegmentRule } from './segment.rules.js';
export {
  SEGMENTS,
  type Certainty,
  type Evidence,
  type KnownNhsmail,
  type Segment,
  type SegmentAccount,
  type SegmentResult,
  type Suggestion,
} from './segment.types.js';
export { SegmentsModule } from './segments.module.js';
export { type ClassifiedAccount, SegmentsService } from './segments.service.js';
export { UNCHANGING_DIRECTORY, UnchangingDirectoryModule } from './unchanging-directory.module.js';
