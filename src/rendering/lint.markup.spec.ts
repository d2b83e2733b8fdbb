import { contrastRatio } from './colour.contrast.js';
import { lintMarkup } from './lint.markup.js';
import { visibleText } from './markup.reader.js';

describe.each<[rule: string, faulty: string, sound: string]>([
  ['link-text', '<a href="https://a.test">click here</a>', '<a href="https://a.test">Read the guidance</a>'],
  ['link-text', '<a href="https://a.test"><b>https://a.test</b></a>', '<a href="mailto:a@a.test">a@a.test</a>'],
  ['link-text', '<a href="https://a.test"><img alt="" src="cid:a"></a>', '<a name="top"></a>'],
  ['alt-text', '<img src="cid:a">', '<img src="cid:a" alt="">'],
  ['external-image', '<img alt="" src="https://a.test/a.png">', '<img alt="" src="cid:a">'],
  ['contrast', '<p style="color:#999">pale</p>', '<p style="color:#4c6272">dark</p>'],
  [
    'contrast',
    '<td bgcolor="#005eb8"><b>black on blue</b></td>',
    '<td bgcolor="#005eb8"><b style="color:#fff">white</b></td>',
  ],
  ['contrast', '<p style="color:#888888">x</p>', '<h1 style="font-size:24px;color:#888888">large</h1>'],
  ['contrast', '<div style="color:#fff">white</div>', '<div style="display:none;color:#fff"><i>hidden</i></div>'],
  ['outlook-comments', '<!--[if mso]><table><!--[if mso]><![endif]-->', '<!--[if mso]><table><![endif]-->'],
  ['outlook-comments', '<p><![endif]--></p>', '<!--[if !mso]><!--><p></p><!--<![endif]-->'],
  ['outlook-comments', '<!--[if mso | IE]><tr>', '<!-- a plain comment -->'],
  ['html-size', 'x'.repeat(80 * 1024), 'x'.repeat(80 * 1024 - 1)],
])('%s', (rule, faulty, sound) => {
  it(`is found in ${faulty.slice(0, 60)}`, () => {
    expect(lintMarkup(faulty).map((finding) => finding.rule)).toContain(rule);
  });

  it(`is not found in ${sound.slice(0, 60)}`, () => {
    expect(lintMarkup(sound)).toEqual([]);
  });
});

it('names the line', () => {
  expect(lintMarkup('<p>\n\n<a href="#">here</a></p>')).toEqual([
    { rule: 'link-text', line: 3, message: '"here" does not say where the link leads' },
  ]);
});

it('measures contrast as WCAG does', () => {
  expect(contrastRatio([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
  expect(contrastRatio([0, 94, 184], [255, 255, 255])).toBeCloseTo(6.38, 2);
});

it('keeps visible text in its lines', () => {
  expect(
    visibleText('<style>a\nb</style>\n<p>Hello\n<b>you</b></p>')
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual(['', '', 'Hello', 'you']);
});
