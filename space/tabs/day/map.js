// js_on_load of the map: a click or Enter chooses a camera (event "choose"), arrow keys go to a neighbour, buttons or a pinch zoom.
const CLICK_PX = 22, MOST = 32
let home = null, zoom = 1, centre = null, active = null, grip = null
const svg = () => element.querySelector('svg')
const dots = () => [...element.querySelectorAll('circle')]
const at = dot => [Number(dot.getAttribute('cx')), Number(dot.getAttribute('cy'))]

function look() {
  const [left, top, width, height] = home, [w, h] = [width / zoom, height / zoom]
  centre[0] = Math.min(Math.max(centre[0], left + w / 2), left + width - w / 2)
  centre[1] = Math.min(Math.max(centre[1], top + h / 2), top + height - h / 2)
  svg().setAttribute('viewBox', [centre[0] - w / 2, centre[1] - h / 2, w, h].join(' '))
  scale()
}

function scale() {  // dots and names keep their size on the screen
  const matrix = svg()?.getScreenCTM()
  if (matrix?.a) svg().style.setProperty('--km', 1 / matrix.a)
  svg()?.classList.toggle('near', zoom > 1)
}

function zoomBy(factor, around = centre) {
  const before = zoom
  zoom = Math.min(Math.max(zoom * factor, 1), MOST)
  centre = centre.map((value, i) => around[i] + (value - around[i]) * before / zoom)
  look()
}

function kilometres(event) {
  const matrix = svg().getScreenCTM()
  return [(event.clientX - matrix.e) / matrix.a, (event.clientY - matrix.f) / matrix.a]
}

function nearest(event) {
  const [x, y] = kilometres(event), far = dot => Math.hypot(at(dot)[0] - x, at(dot)[1] - y)
  const found = dots().reduce((best, dot) => far(dot) < far(best) ? dot : best)
  return far(found) * svg().getScreenCTM().a < CLICK_PX ? found : null
}

function name(dot) {
  const label = element.querySelector('.map-name')
  label.hidden = !dot
  label.textContent = dot ? dot.getAttribute('aria-label') : ''
  element.querySelector('.near-dot')?.classList.remove('near-dot')
  dot?.classList.add('near-dot')
}

function select(dot) {
  active?.classList.remove('active')
  active = dot
  dot.classList.add('active')
  svg().setAttribute('aria-activedescendant', dot.id)
  name(dot)
  const [x, y] = at(dot), [left, top, width, height] = svg().getAttribute('viewBox').split(' ').map(Number)
  if (x < left || x > left + width || y < top || y > top + height) { centre = [x, y]; look() }
}

function mark(id) {
  for (const dot of dots()) {
    const chosen = dot.id === `camera-${id}`
    dot.classList.toggle('chosen', chosen)
    dot.setAttribute('aria-selected', chosen)
    if (chosen) dot.parentNode.append(dot)  // on top of its neighbours
  }
}

function choose(dot) {
  select(dot)
  const id = dot.id.replace('camera-', '')
  mark(id)
  trigger('choose', {camera: id})
}

// The camera that lies most nearly that way: twice as far is as bad as 60 degrees aside.
function neighbour(dx, dy) {
  const [x, y] = active ? at(active) : centre
  const cost = dot => {
    const [along, across] = [(at(dot)[0] - x) * dx + (at(dot)[1] - y) * dy, (at(dot)[0] - x) * dy - (at(dot)[1] - y) * dx]
    return along > 1e-6 ? along + 2 * Math.abs(across) : Infinity
  }
  const best = dots().reduce((found, dot) => cost(dot) < cost(found) ? dot : found)
  return cost(best) < Infinity ? best : active
}

const WAYS = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}
element.addEventListener('keydown', event => {
  if (event.target !== svg()) return
  if (event.key in WAYS) {
    const dot = neighbour(...WAYS[event.key])
    if (dot) select(dot)
  } else if (event.key === '+' || event.key === '-') zoomBy(event.key === '+' ? 2 : 0.5, active ? at(active) : centre)
  else if ((event.key === 'Enter' || event.key === ' ') && active) choose(active)
  else return
  event.preventDefault()
})
element.addEventListener('click', event => {
  const button = event.target.closest('[data-zoom]')
  if (button) zoomBy(Number(button.dataset.zoom), active ? at(active) : centre)
})
element.addEventListener('pointerdown', event => {
  if (event.target.closest('svg') && !event.button) grip = {start: kilometres(event), x: event.clientX, y: event.clientY, moved: false}
})
element.addEventListener('pointermove', event => {
  if (!svg() || !event.target.closest('svg')) return
  if (grip && Math.hypot(event.clientX - grip.x, event.clientY - grip.y) > 6) grip.moved = true
  if (grip?.moved && zoom > 1) {
    const now = kilometres(event)
    centre = centre.map((value, i) => value + grip.start[i] - now[i])
    look()
  } else if (!grip && event.pointerType === 'mouse') name(nearest(event))
})
element.addEventListener('pointerup', event => {
  const dot = grip && !grip.moved && event.target.closest('svg') ? nearest(event) : null
  grip = null
  if (dot) choose(dot)
})
for (const gone of ['pointercancel', 'pointerleave']) element.addEventListener(gone, () => { grip = null; if (svg()) name(active) })
element.addEventListener('wheel', event => {
  if (!event.ctrlKey || !event.target.closest('svg')) return  // a wheel alone scrolls the page
  event.preventDefault()
  zoomBy(event.deltaY < 0 ? 1.3 : 1 / 1.3, kilometres(event))
}, {passive: false})
document.addEventListener('day:new', event => {
  mark(JSON.parse(event.detail.day)[0])
  element.querySelector('details')?.removeAttribute('open')
})
new ResizeObserver(scale).observe(element)
function take() {
  if (!svg()) return
  home = svg().getAttribute('viewBox').split(' ').map(Number)
  centre = [home[0] + home[2] / 2, home[1] + home[3] / 2]
  zoom = 1
  scale()
}
watch('value', take)
take()
