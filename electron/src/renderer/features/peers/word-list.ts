/** 256 words that sound apart when read aloud over a bad line: one a byte. */
export const WORDS: readonly string[] = (
  "acorn actor amber anchor angle apple apron arrow attic autumn avenue badge bakery balcony " +
  "bamboo banjo barn basil basket beacon beaver bell bench berry birch biscuit blanket blossom " +
  "boat bonfire book bottle bracket branch bread breeze brick bridge brook broom brush bucket " +
  "button cabin cable cactus camel camera candle canoe canvas captain carpet carrot castle cedar " +
  "cellar cello chalk cherry chimney cider circus citrus clarinet cliff clock cloud clover coat " +
  "cobalt coffee comet compass copper coral corner cottage cotton cradle crane crayon cricket crown " +
  "crystal curtain cushion cymbal daisy dancer desert diamond dolphin door dragon drum duck eagle " +
  "easel echo elbow elm ember engine envelope fabric falcon feather fern ferry fiddle finch " +
  "flagpole flute forest fossil fountain fox galaxy garden garlic gate giant ginger glacier glove " +
  "goat gold granite grape guitar hammer harbor harp hazel hedge helmet heron hill honey " +
  "horizon horse hotel igloo indigo ink island ivory ivy jacket jasmine jelly jewel jigsaw " +
  "juniper kettle key kitchen kite knot ladder lagoon lake lantern laurel lava leaf lemon " +
  "lens letter library lilac lily linen lion lizard lobby locket lotus lumber magnet maple " +
  "marble market mask meadow melon mirror mitten moon moss motor mountain museum mustard napkin " +
  "needle nest night nutmeg oak oasis ocean olive onion opal orbit orchard organ otter " +
  "oven owl oyster paddle paint palace panda paper parade pebble pencil pepper piano pillow " +
  "pine planet plum pocket pond poppy prism puddle pumpkin quarry quartz quilt rabbit raven " +
  "ribbon river robin rocket ruby saddle saffron satin scarf seal shadow shell silver spruce " +
  "tulip velvet walnut willow"
).split(" ");
