// js_on_load of the cards. A click on a tile, or an arrow key towards it, triggers the event "choose".
const tiles = () => [...element.querySelectorAll('[data-tile]')]
const middle = tile => { const box = tile.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2] }
const WAYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}
let asked = null

function choose(tile) {
  const turn = element.querySelector('[data-turn]').dataset.turn
  if (turn === asked || tile.getAttribute('aria-selected') === 'true') return
  asked = turn
  trigger('choose', {file: tile.dataset.tile})
}

function neighbour([right, down]) {
  const all = tiles(), now = all.findIndex(tile => tile.getAttribute('aria-selected') === 'true')
  if (now < 0) return null
  if (right) return all[now + right]
  const [x, y] = middle(all[now])
  const there = all.filter(tile => (middle(tile)[1] - y) * down > 4)
  const far = tile => Math.hypot(middle(tile)[0] - x, 3 * (middle(tile)[1] - y))
  return there.sort((one, other) => far(one) - far(other))[0]
}

element.addEventListener('click', event => {
  const tile = event.target.closest('[data-tile]')
  if (tile) choose(tile)
})
document.addEventListener('keydown', event => {
  const way = WAYS[event.key]
  if (!way || !tiles().length || event.target.closest('input, textarea, [role=listbox]:not(.tiles)')) return
  event.preventDefault()
  const tile = neighbour(way)
  if (tile) { choose(tile); tile.scrollIntoView({block: 'nearest'}) }
})
