import { show } from '../react-dropzone/zone.js';

show({ useFsAccessApi: true });
