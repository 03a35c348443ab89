/** Where a provider's description of its API was read. docs/reference/providers.md lists every one; a test compares them. */
export interface Source {
  /** What it describes. */
  what: string;
  address: string;
  /** As the description names itself: a version, a revision, or the date that stands on the page. */
  version: string;
  /** The day it was read and compared, YYYY-MM-DD. */
  read: string;
}
