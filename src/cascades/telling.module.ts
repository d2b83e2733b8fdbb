import { Module } from '@nestjs/common';
import { LedgerModule } from '../delivery/index.js';
import { TellingRepository } from './telling.repository.js';
import { TellingService } from './telling.service.js';

/** What organisations were told, without anything that tells them: for whoever only reads. */
@Module({
  imports: [LedgerModule],
  providers: [TellingRepository, TellingService],
  exports: [TellingRepository, TellingService],
})
export class TellingModule {}
