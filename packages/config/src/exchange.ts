/** Tags from and to files of this hub and of other programs. Apart from the rest, so that who reads no such file loads nothing of it. */
export { exportCsv, exportXlsx, tagRows } from './exchange/export-tags.ts';
export { importedTexts, importTags } from './exchange/import-tags.ts';
export type { ImportFault, ImportOptions, TagImport } from './exchange/import-tags.ts';
export { readTags } from './exchange/read-tags.ts';
export { tagFormats } from './exchange/tags-read.ts';
export type { NotMapped, ReadContext, ReadTag, TagFormat, TagsRead, Where } from './exchange/tags-read.ts';
export type { SheetRow } from './exchange/tag-sheet.ts';
