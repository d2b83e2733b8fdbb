/**
 * Characters that end an address in running text. Apostrophes and CJK scripts are handled apart: O'Brien has one inside,
 * and Chinese and Japanese reports write on without a space ("收件人：gone@example.org不存在").
 */
const END = '\\s<>"\'()[\\]:;,|\\\\\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef';

/**
 * One address, as it stands in a report, without the brackets and quotes around it, and without dots behind it
 * ("gone@example.org...User unknown").
 */
export const ADDRESS = `[^${END}]{1,128}(?:'[^${END}]{1,128}){0,3}@(?:(?!\\.\\.)[^${END}]){1,255}`;
