import { Module } from '@nestjs/common';
import { TracingModule } from '../platform/tracing/index.js';
import { LedgerRepository } from './ledger.repository.js';
import { Ledger } from './ledger.service.js';
import { PlanRepository } from './plan.repository.js';

/** The ledger alone, without anything that sends: for whoever only plans and reads. */
@Module({
  imports: [TracingModule],
  providers: [LedgerRepository, PlanRepository, Ledger],
  exports: [LedgerRepository, PlanRepository, Ledger],
})
export class LedgerModule {}
