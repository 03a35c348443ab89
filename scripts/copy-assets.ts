/** What `tsc` leaves out of dist: style sheets and scripts. */
import { cpSync } from 'node:fs';

cpSync('src/web/assets', 'dist/web/assets', { recursive: true });
