import { Controller, Get, Header } from '@nestjs/common';
import { SignedIn } from '../access/index.js';
import { CampaignService } from '../campaigns/index.js';
import { Ledger } from '../delivery/index.js';
import { Pages } from './pages.js';

@Controller()
@SignedIn()
export class HomeController {
  constructor(
    private readonly campaigns: CampaignService,
    private readonly ledger: Ledger,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  async home(): Promise<string> {
    const rows = await this.campaigns.list({ limit: 20 });
    const campaigns = await Promise.all(
      rows.map(async ({ id, name, state }) => ({
        id,
        name,
        state,
        progress: await this.ledger.progress({ campaignId: id }),
      })),
    );
    return this.pages.render('home', { title: 'Home', section: 'home', campaigns });
  }
}
