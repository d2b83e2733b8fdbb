import { Get, Header, Param, Post, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { CurrentPrincipal, type Principal, RequirePermission } from '../access/index.js';
import { csvFile } from '../cascades/index.js';
import { Ledger, SuppressionList } from '../delivery/index.js';
import { DirectoryService } from '../directory/index.js';
import { LeaverService, OptOutService } from '../feedback/index.js';
import {
  DirectoryPicture,
  DirectoryPictureRepository,
  SEGMENT_RULES,
  SegmentsService,
  WORKLISTS,
} from '../segments/index.js';
import { formatLongDate, LondonTime } from '../shared/london-time.js';
import { ConsoleController, Page, PageFrame } from './console-routes.js';
import { DirectoryReads } from './directory.reads.js';
import { searchText } from './form.text.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';
import { suggestionWords } from './suggestion.words.js';
import { SEGMENT_WORDS, type SegmentWords } from './words.js';

const PAGE = 50;
const ORGANISATIONS_SHOWN = 20;
/** More than any worklist holds. */
const EXPORTED = 1_000_000;

const findSchema = z.object({ find: searchText, after: z.string().max(100).default('') });
/** The groups that somebody has to work through, and the accounts whose NHSmail address is gone. */
const LISTS = [...WORKLISTS, 'leavers'] as const;
type List = (typeof LISTS)[number];
const worklistSchema = z.enum(LISTS);
const LEAVERS: SegmentWords = {
  text: 'Probably left',
  colour: 'orange',
  todo: 'Ask the organisation whether the person has left, and have the account disabled if so.',
};
const LIST_WORDS: Readonly<Record<List, SegmentWords>> = { ...SEGMENT_WORDS, leavers: LEAVERS };
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
    private readonly leavers: LeaverService,
    private readonly ledger: Ledger,
    private readonly suppressions: SuppressionList,
    private readonly optOuts: OptOutService,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async find(
    @Query({ schema: findSchema }) { find, after }: z.infer<typeof findSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const { region } = frame.principal;
    const rows = find === '' ? [] : await this.reads.findAccounts(find, after, PAGE + 1, region);
    const accounts = rows.slice(0, PAGE);
    const results = await this.segments.classify(accounts.map(({ id }) => id));
    const segmentOf = new Map(results.map(({ accountId, segment }) => [accountId, segment]));
    const last = rows.length > PAGE ? accounts.at(-1) : undefined;
    const values = {
      title: 'People',
      section: 'people',
      find,
      accounts: accounts.map((account) => ({ ...account, segment: segmentOf.get(account.id) })),
      organisations:
        find === '' || after !== '' ? [] : await this.reads.findOrganisations(find, ORGANISATIONS_SHOWN, region),
      standing: find === '' ? await this.picture.standing() : undefined,
      worklists: WORKLISTS,
      leavers: find === '' ? { ...LEAVERS, count: await this.leavers.count({ region }) } : undefined,
      next: last && `/people?${new URLSearchParams({ find, after: last.id }).toString()}`,
    };
    return this.pages.render('people', values, frame);
  }

  @Get('worklists/:list')
  @Page()
  async worklist(
    @Param('list', { schema: worklistSchema }) list: z.infer<typeof worklistSchema>,
    @Query({ schema: pageSchema }) { page }: z.infer<typeof pageSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const { rows, total, standing } = await this.stretch(list, frame.principal.region, PAGE, (page - 1) * PAGE);
    const values = {
      title: `Worklist: ${LIST_WORDS[list].text}`,
      about: LIST_WORDS[list],
      section: 'people',
      list,
      standing,
      rows,
      total,
      page,
      pages: Math.max(1, Math.ceil(total / PAGE)),
    };
    return this.pages.render('worklist', values, frame);
  }

  @Get('worklists/:list/export.csv')
  @Header('Content-Type', 'text/csv; charset=utf-8')
  async export(
    @Param('list', { schema: worklistSchema }) list: z.infer<typeof worklistSchema>,
    @CurrentPrincipal() { region, permissions }: Principal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<string> {
    response.set('Content-Disposition', `attachment; filename="worklist-${list}.csv"`);
    const { rows } = await this.stretch(list, region, EXPORTED, 0);
    const withAddress = permissions.includes('message:read');
    return csvFile(
      ['Account', 'First name', 'Last name', 'Registered address', 'Organisations', 'Why', 'What to do'],
      rows.map(({ account, reason, suggestion }) => [
        account.id,
        account.firstName,
        account.lastName,
        (withAddress && account.email) || '',
        account.organisations.map(({ code, name }) => `${name ?? ''} (${code})`).join('; '),
        reason,
        withAddress ? suggestion : '',
      ]),
    );
  }

  @Get(':id')
  @Page()
  async show(
    @Param('id', { schema: accountIdSchema }) id: string,
    @Done() notice: string | undefined,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const account = await this.directory.account(id, frame.principal.region);
    const [result] = await this.segments.classify([id]);
    const names = await this.reads.names(account.memberships.map(({ organisationCode }) => organisationCode));
    const messages = frame.principal.permissions.includes('message:read')
      ? await this.ledger.messagesOf({ accountId: id })
      : undefined;
    const values = {
      title: `${account.firstName} ${account.lastName}`.trim() || id,
      section: 'people',
      notice,
      account,
      kept: frame.principal.permissions.includes('suppression:read') ? await this.keptFrom(account.email) : undefined,
      result,
      reason: result && reasonOf(result.rule),
      suggestion: result && suggestionWords(result.suggestion),
      memberships: account.memberships.map((membership) => ({
        ...membership,
        name: names.get(membership.organisationCode) ?? membership.organisationCode,
      })),
      messages,
    };
    return this.pages.render('account', values, frame);
  }

  /** Everything that keeps email from the account's address, also a wish for no optional mail. */
  @Post(':id/lift')
  @RequirePermission('suppression:write')
  async lift(
    @Param('id', { schema: accountIdSchema }) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res() response: Response,
  ): Promise<void> {
    const { email } = await this.directory.account(id, principal.region);
    await this.optOuts.lift(email ?? '', principal.id);
    response.redirect(303, `/people/${encodeURIComponent(id)}?done=lifted`);
  }

  /** What keeps email from an address; undefined where nothing does. */
  private async keptFrom(
    address: string | null,
  ): Promise<{ block: string | undefined; wantsNoOptional: boolean } | undefined> {
    if (address === null) return undefined;
    const [block] = (await this.suppressions.suppressed([address])).values();
    const wantsNoOptional = (await this.optOuts.optedOut([address])).size > 0;
    return block === undefined && !wantsNoOptional ? undefined : { block, wantsNoOptional };
  }

  /** A part of a worklist. Reasons are worked out afresh: whoever has left the group since is left out. */
  private async stretch(list: List, region: string | undefined, limit: number, offset: number) {
    if (list === 'leavers') {
      const { leavers, total } = await this.leavers.page({ limit, offset }, { region });
      const lines = leavers.map(({ accountId, since }) => {
        const day = formatLongDate(LondonTime.fromInstant(since));
        return { accountId, reason: `Mail to the NHSmail address came back for good on ${day}`, suggestion: '' };
      });
      return { total, rows: await this.linesOf(lines) };
    }
    const standing = await this.picture.standing();
    const { ids, total } = await this.pictures.worklist(list, region, limit, offset);
    const results = await this.segments.classify(ids);
    const lines = results
      .filter(({ segment }) => segment === list)
      .map(({ accountId, rule, suggestion }) => ({
        accountId,
        reason: reasonOf(rule),
        suggestion: suggestionWords(suggestion),
      }));
    return { total, rows: await this.linesOf(lines), standing };
  }

  private async linesOf(lines: readonly ListedAccount[]) {
    const accounts = await this.reads.accountsById(lines.map(({ accountId }) => accountId));
    const byId = new Map(accounts.map((account) => [account.id, account]));
    return lines.flatMap(({ accountId, reason, suggestion }) => {
      const account = byId.get(accountId);
      return account ? [{ account, suggestion, reason }] : [];
    });
  }
}

interface ListedAccount {
  readonly accountId: string;
  readonly reason: string;
  readonly suggestion: string;
}

function reasonOf(rule: string): string {
  return SEGMENT_RULES.find(({ id }) => id === rule)?.reason ?? rule;
}
