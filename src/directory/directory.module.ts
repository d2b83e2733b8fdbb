import { Module } from '@nestjs/common';
import { DirectoryRepository } from './directory.repository.js';
import { DirectoryService } from './directory.service.js';
import { ImportService } from './import.service.js';

/** Needs `Clock`, the database and the audit trail from the root module. */
@Module({
  providers: [DirectoryRepository, DirectoryService, ImportService],
  exports: [DirectoryService, ImportService],
})
export class DirectoryModule {}
