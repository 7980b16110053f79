/**
 * The `x-ui` annotation of a property: how a form shows it. What it means stands in the schema's own keywords, so a form without these
 * hints is complete, only plainer.
 */
export interface SchemaHints {
  /**
   * The field, where the type alone does not say it: `password` never shows its value; `file` a path beside the hub file; `code-sql` an
   * editor for SQL; `topic` a topic or namespace path; `tag-picker` a tag as device/group/tag.
   */
  readonly widget?: 'password' | 'file' | 'code-sql' | 'topic' | 'tag-picker';
  /** Heading that several properties share. */
  readonly group?: string;
  /** Place among the siblings, small first; those without come last, in the order of the schema. */
  readonly order?: number;
  /** Stands behind "More settings". */
  readonly advanced?: boolean;
  /** Shown only while each of these siblings has this value, or one of these; `true` for one that is no flag: any value. */
  readonly showIf?: Readonly<Record<string, unknown>>;
}
