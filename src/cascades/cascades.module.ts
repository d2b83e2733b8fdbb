import { Module } from '@nestjs/common';
import { AuditModule } from '../access/index.js';
import { CampaignsModule } from '../campaigns/index.js';
import { DeadlinesModule } from '../deadlines/index.js';
import { DeliveryModule } from '../delivery/index.js';
import { FeedbackModule } from '../feedback/index.js';
import { RenderingModule } from '../rendering/index.js';
import { DirectoryPictureModule, SegmentsModule } from '../segments/index.js';
import { CascadeFreezer } from './cascade.freezer.js';
import { CascadeRepository } from './cascade.repository.js';
import { CascadeService } from './cascade.service.js';
import { CascadeTicker } from './cascade.ticker.js';
import { CensusService } from './census.service.js';
import { ContactPicture } from './contact.picture.js';
import { ContactPictureRepository } from './contact-picture.repository.js';
import { DrillService } from './drill.service.js';
import { EscalationPolicies } from './escalation.policies.js';
import { EscalationRepository } from './escalation.repository.js';
import { EscalationService } from './escalation.service.js';
import { FreezeRepository } from './freeze.repository.js';
import { LoopRepository } from './loop.repository.js';
import { LoopService } from './loop.service.js';
import { ReopeningRepository } from './reopening.repository.js';
import { ReopeningService } from './reopening.service.js';
import { ReportRepository } from './report.repository.js';
import { CascadeReports } from './report.service.js';
import { LinkService } from './link.service.js';
import { NudgeRepository } from './nudge.repository.js';
import { NudgeService } from './nudge.service.js';
import { ProofService } from './proof.service.js';
import { ScriptedCascade } from './scripted-cascade.js';
import { TellingModule } from './telling.module.js';
import { ScoreRepository } from './score.repository.js';
import { WorklistRepository } from './worklist.repository.js';
import { WorklistService } from './worklist.service.js';

@Module({
  imports: [
    AuditModule,
    DirectoryPictureModule,
    SegmentsModule,
    DeadlinesModule,
    RenderingModule,
    DeliveryModule,
    FeedbackModule,
    CampaignsModule,
    TellingModule,
  ],
  providers: [
    CascadeFreezer,
    CascadeReports,
    CascadeRepository,
    CascadeService,
    CascadeTicker,
    CensusService,
    ContactPicture,
    ContactPictureRepository,
    DrillService,
    EscalationPolicies,
    EscalationRepository,
    EscalationService,
    FreezeRepository,
    LoopRepository,
    LoopService,
    LinkService,
    NudgeRepository,
    NudgeService,
    ProofService,
    WorklistRepository,
    WorklistService,
    ReopeningRepository,
    ReopeningService,
    ReportRepository,
    ScoreRepository,
    ScriptedCascade,
  ],
  exports: [
    CascadeFreezer,
    CascadeReports,
    CascadeService,
    CascadeTicker,
    DrillService,
    EscalationPolicies,
    EscalationService,
    LinkService,
    LoopService,
    NudgeService,
    ProofService,
    ScriptedCascade,
    TellingModule,
    WorklistService,
  ],
})
export class CascadesModule {}
