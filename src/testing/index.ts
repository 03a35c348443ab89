/** Contract suites for whoever writes another adapter. */
export { storeContract } from './store-contract.ts';
