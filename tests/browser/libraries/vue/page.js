import { createApp, onMounted, ref } from 'vue';

import { ready, upload } from '../page.js';

const template = `
  <form @submit.prevent="send">
    <input id="photos" type="file" multiple @change="files = [...$event.target.files]">
    <ul><li v-for="file in files" :key="file.name">{{ file.name }}</li></ul>
    <button id="send" :disabled="!files.length">Send</button>
  </form>`;

createApp({
  template,
  setup() {
    const files = ref([]);
    onMounted(() => void ready());
    return { files, send: () => upload(files.value) };
  },
}).mount('#root');
