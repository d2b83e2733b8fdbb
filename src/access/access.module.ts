import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { RateLimitGuard } from '../platform/http/index.js';
import { ApiKeys } from './api-key.service.js';
import { AuditModule } from './audit.module.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { CsrfGuard } from './csrf.js';
import { KeyMakersModule } from './key-makers.js';
import { OneTimeLink } from './one-time-link.js';
import { People } from './people.service.js';
import { PermissionGuard } from './permission.guard.js';
import { PersonRepository } from './person.repository.js';
import { SessionRepository } from './session.repository.js';
import { Sessions } from './sessions.service.js';
import { SignInPages } from './sign-in.pages.js';

/**
 * Who may do what. Importing it closes every route of the application that does not say who it is open to. The root
 * module provides `Clock`, configuration, database and HttpModule.
 */
@Global()
@Module({
  imports: [AuditModule, KeyMakersModule],
  providers: [
    ApiKeys,
    PersonRepository,
    People,
    SessionRepository,
    Sessions,
    OneTimeLink,
    SignInPages,
    // In this order: recognise the caller, count the request, then refuse what is not allowed.
    { provide: APP_GUARD, useClass: AuthenticationGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: PermissionGuard },
    { provide: APP_GUARD, useClass: CsrfGuard },
  ],
  exports: [AuditModule, ApiKeys, OneTimeLink, People, Sessions, SignInPages],
})
export class AccessModule {}
