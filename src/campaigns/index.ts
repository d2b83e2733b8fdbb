export { CAMPAIGN_KINDS, type CampaignKind, KINDS } from './campaign.kinds.js';
export { type CampaignRow, type StepRow } from './campaign.repository.js';
export { type CampaignInput, campaignInputSchema } from './campaign.schema.js';
export { CampaignService } from './campaign.service.js';
export { CAMPAIGN_STATES, type CampaignState } from './campaign.states.js';
export { CampaignTicker } from './campaign.ticker.js';
export { CampaignsModule } from './campaigns.module.js';
export { type PlanSummary } from './plan.rules.js';
export { type Plan, PlanService } from './plan.service.js';
