import { randomUUID } from 'node:crypto';

interface Failure {
  readonly to: string;
  readonly address: string;
  readonly status?: string;
  readonly says?: string;
  readonly action?: string;
}

/** A delivery status report, as the far server sends it to the return path; another one each time. */
export const bounce = ({
  to,
  address,
  status = '5.1.1',
  says = '550 5.1.1 user unknown',
  action = 'failed',
}: Failure) =>
  `From: MAILER-DAEMON@mx.example.org
To: <${to}>
Subject: Undelivered Mail Returned to Sender
Message-ID: <${randomUUID()}@mx.example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ${address}
Action: ${action}
Status: ${status}
Diagnostic-Code: smtp; ${says}

--B--
`;
