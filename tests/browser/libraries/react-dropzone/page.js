import { show } from './zone.js';

show({ useFsAccessApi: false });
