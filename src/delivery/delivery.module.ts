import { Module } from '@nestjs/common';
import { LedgerRepository } from './ledger.repository.js';
import { Ledger } from './ledger.service.js';
import { PlanRepository } from './plan.repository.js';
import { SuppressionList } from './suppression.list.js';
import { SuppressionRepository } from './suppression.repository.js';

@Module({
  providers: [LedgerRepository, PlanRepository, SuppressionRepository, Ledger, SuppressionList],
  exports: [Ledger, SuppressionList],
})
export class DeliveryModule {}
