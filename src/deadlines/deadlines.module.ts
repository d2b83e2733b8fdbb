import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/index.js';
import { BankHolidays } from './bank-holidays.js';
import { DeadlinesService } from './deadlines.service.js';
import { DeclarationFeed } from './declaration.feed.js';
import { DeclarationRepository } from './declaration.repository.js';
import { DeclarationWindowRepository } from './declaration-window.repository.js';

/** Needs `Clock`, `AuditTrail` and the database from the root module. */
@Module({
  imports: [DirectoryModule],
  providers: [BankHolidays, DeclarationWindowRepository, DeclarationRepository, DeadlinesService, DeclarationFeed],
  exports: [BankHolidays, DeadlinesService, DeclarationFeed],
})
export class DeadlinesModule {}
