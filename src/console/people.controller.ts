import { Get, Header, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { CsrfToken, CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { Ledger } from '../delivery/index.js';
import { DirectoryService } from '../directory/index.js';
import { SEGMENT_RULES, SegmentsService } from '../segments/index.js';
import { ConsoleController, Page } from './console-routes.js';
import { csvFile } from './csv.js';
import { DirectoryPictureRepository } from './directory-picture.repository.js';
import { DirectoryPicture, suggestionWords, type Worklist, WORKLISTS } from './directory.picture.js';
import { DirectoryReads } from './directory.reads.js';
import { searchText } from './form.text.js';
import { Pages } from './pages.js';
import { SEGMENT_WORDS } from './words.js';

const PAGE = 50;
const ORGANISATIONS_SHOWN = 20;
/** More than any worklist holds. */
const EXPORTED = 1_000_000;

const findSchema = z.object({ find: searchText, after: z.string().max(100).default('') });
const worklistSchema = z.enum(WORKLISTS);
const pageSchema = z.object({ page: z.coerce.number().int().min(1).max(100_000).catch(1) });
const accountIdSchema = z.string().min(1).max(100);

/** People: found by whatever is known of them, with the reason for what they are told and everything they were sent. */
@ConsoleController('people')
@RequirePermission('directory:read')
export class PeopleController {
  constructor(
    private readonly reads: DirectoryReads,
    private readonly directory: DirectoryService,
    private readonly segments: SegmentsService,
    private readonly picture: DirectoryPicture,
    private readonly pictures: DirectoryPictureRepository,
    private readonly ledger: Ledger,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async find(
    @Query({ schema: findSchema }) { find, after }: z.infer<typeof findSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
  ): Promise<string> {
    const rows = find === '' ? [] : await this.reads.findAccounts(find, after, PAGE + 1);
    const accounts = rows.slice(0, PAGE);
    const results = await this.segments.classify(accounts.map(({ id }) => id));
    const segmentOf = new Map(results.map(({ accountId, segment }) => [accountId, segment]));
    const last = rows.length > PAGE ? accounts.at(-1) : undefined;
    const values = {
      title: 'People',
      section: 'people',
      find,
      accounts: accounts.map((account) => ({ ...account, segment: segmentOf.get(account.id) })),
      organisations: find === '' || after !== '' ? [] : await this.reads.findOrganisations(find, ORGANISATIONS_SHOWN),
      standing: find === '' ? await this.picture.standing() : undefined,
      worklists: WORKLISTS,
      next: last && `/people?${new URLSearchParams({ find, after: last.id }).toString()}`,
    };
    return this.pages.render('people', values, { principal, csrf });
  }

  @Get('worklists/:list')
  @Page()
  async worklist(
    @Param('list', { schema: worklistSchema }) list: z.infer<typeof worklistSchema>,
    @Query({ schema: pageSchema }) { page }: z.infer<typeof pageSchema>,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
  ): Promise<string> {
    const standing = await this.picture.standing();
    const total = standing.segments[list];
    const values = {
      title: `Worklist: ${SEGMENT_WORDS[list].text}`,
      section: 'people',
      list,
      standing,
      rows: await this.linesOf(list, await this.pictures.worklist(list, PAGE, (page - 1) * PAGE)),
      total,
      page,
      pages: Math.max(1, Math.ceil(total / PAGE)),
    };
    return this.pages.render('worklist', values, { principal, csrf });
  }

  @Get('worklists/:list/export.csv')
  @Header('Content-Type', 'text/csv; charset=utf-8')
  @Header('Content-Disposition', 'attachment; filename="worklist.csv"')
  async export(@Param('list', { schema: worklistSchema }) list: z.infer<typeof worklistSchema>): Promise<string> {
    await this.picture.standing();
    const rows = await this.linesOf(list, await this.pictures.worklist(list, EXPORTED, 0));
    return csvFile(
      ['Account', 'First name', 'Last name', 'Registered address', 'Organisations', 'Why', 'What to do'],
      rows.map(({ account, reason, suggestion }) => [
        account.id,
        account.firstName,
        account.lastName,
        account.email ?? '',
        account.organisations.map(({ code, name }) => `${name ?? ''} (${code})`).join('; '),
        reason,
        suggestion,
      ]),
    );
  }

  @Get(':id')
  @Page()
  async show(
    @Param('id', { schema: accountIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @CsrfToken() csrf: string,
  ): Promise<string> {
    const account = await this.directory.account(id);
    const [result] = await this.segments.classify([id]);
    const names = await this.reads.names(account.memberships.map(({ organisationCode }) => organisationCode));
    const messages = principal.permissions.includes('message:read')
      ? await this.ledger.messagesOf({ accountId: id })
      : undefined;
    const values = {
      title: `${account.firstName} ${account.lastName}`.trim() || id,
      section: 'people',
      account,
      result,
      reason: result && reasonOf(result.rule),
      suggestion: result && suggestionWords(result.suggestion),
      memberships: account.memberships.map((membership) => ({
        ...membership,
        name: names.get(membership.organisationCode) ?? membership.organisationCode,
      })),
      messages,
    };
    return this.pages.render('account', values, { principal, csrf });
  }

  /** Worked out afresh: whoever has left the group since is left out. */
  private async linesOf(list: Worklist, ids: readonly string[]) {
    const byId = new Map((await this.reads.accountsById(ids)).map((account) => [account.id, account]));
    return (await this.segments.classify(ids)).flatMap(({ accountId, segment, rule, suggestion }) => {
      const account = byId.get(accountId);
      if (!account || segment !== list) return [];
      return [{ account, suggestion: suggestionWords(suggestion), reason: reasonOf(rule) }];
    });
  }
}

function reasonOf(rule: string): string {
  return SEGMENT_RULES.find(({ id }) => id === rule)?.reason ?? rule;
}
