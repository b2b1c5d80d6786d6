import { createApp } from 'vue'
import App from './App.vue'
import './base.css'
import './views/views.css'
import { i18n } from './words'

createApp(App).use(i18n).mount('#app')
