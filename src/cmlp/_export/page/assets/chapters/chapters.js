// --- The tale: eighteen chapters with their texts. Each has a figure of the same name.

const TALE = {
	Network: {
		read: [
			"Easy for you, hard to put into rules",
			"You read this 8 at once. Now write down how. Two closed loops, says the rule; but pens leave gaps. Close the gaps, and other digits break: every repair wins some and loses some. The network was given no rule, only examples.",
		],
		numbers: [
			"Numbers in, ten numbers out",
			"Each of 784 pixels is a neuron: it holds a number from 0, black, to 1, white. That is its activation. Ten more neurons answer, one for each digit. The brightest is the answer, even where two compete.",
		],
		layers: [
			"One layer decides the next",
			"A and B are hidden layers of 16 neurons; the size was a choice. Each layer is computed from the one before it and nothing else. Why hidden layers? The hope: A finds edges, B loops, the outputs digits. On means: above 0.5.",
		],
	},
	Neuron: {
		sum: [
			"One neuron multiplies and adds",
			"A13 has a wire from each pixel, and each wire has a weight. The neuron multiplies, adds everything up, and adds its bias. A bright pixel with a positive weight raises the sum, with a negative one it lowers it.",
		],
		edge: [
			"A neuron made by hand",
			"All weights are 0 except a bar of ones, so the sum is the brightness under the bar. A bar is bright there, but so is any filled field. With a negative border, the pixels around it must be dark as well.",
		],
		squash: [
			"Squash, and set a threshold",
			"The sum can be any number. The sigmoid squashes it to between 0 and 1. The bias is added first: with −10, the weighted sum must be over 10. Weights say which pattern; the bias says how much of it is needed.",
		],
		knobs: [
			"13,002 knobs, one function",
			"Each wire has a weight, each neuron a bias: 13,002 knobs. A layer’s weights make a table, its matrix, with a row for each neuron. Multiply by it, add the biases, squash: 784 numbers go in and ten come out. The network is one function.",
		],
	},
	Descent: {
		cost: [
			"Chance, and what it costs",
			"All knobs are set at random, and the answer is trash. Nobody gives it a rule, only images and labels. For each output: subtract what was wanted, and square. The ten squares together are an image’s cost; the average over all is the network’s.",
		],
		gradient: [
			"Which way is down?",
			"A step turns all 13,002 knobs a little. In which direction does the cost rise most? That is the gradient: 13,002 numbers, one for each knob, because each knob changes the cost by its own amount. Its negative points downhill.",
		],
		hill: [
			"Down the hill",
			"This map shows the cost over only 2 of the 13,002 directions: blue is low, orange high. The ring steps downhill, again and again. Each step is the learning rate × the slope: long where it is steep, short where it is flat.",
		],
		learn: [
			"Let it learn",
			"Learning means: find knobs that make the cost small. It starts with random weights. Ten images, one step against their gradient, again and again. These are the weights of layer A; nobody draws anything into them.",
		],
	},
	Backpropagation: {
		ways: [
			"Three ways to brighten a neuron",
			"It reads this 9 as a 4. So output 9 should be brighter, 4 darker. A wish: how much, and which way, this output should change. Three things can raise output 9: its bias, its weights, and the activations of B.",
		],
		wishes: [
			"Ten wishes become one",
			"Each output sends its wish back along every wire to B: its wish × the steepness of its curve × the weight. Each neuron of B adds up the ten that it gets. Then B does the same to A. That is backpropagation.",
		],
		chain: [
			"Four in a row: the chain rule",
			"Pull w3: its sum changes, so does the activation, so does the cost. Above each arrow stands a slope: the change after the arrow, divided by the change before it. The slopes multiplied say how the cost depends on w3.",
		],
		batches: [
			"A few at a time",
			"Each digit has its own wishes, so they are averaged for a step. One digit alone points nearly sideways. A few together lean downhill. All together are sure of the way, but then each step must look at every digit.",
		],
		curves: [
			"Other curves",
			"The sigmoid is old. ReLU is easier to train, because its slope is 1 where it is on: a wish on its way back is multiplied by the slope of each layer. Here are two networks of four hidden layers, one with each curve.",
		],
	},
	Judgement: {
		inside: [
			"What did it learn?",
			"In chapter 3 we hoped that layer A finds edges. Does it? Lay the edge detector of chapter 5 over a neuron’s weights: at every place, in 8 directions, its three strips as bright as fits best. How much of the weights does it explain?",
		],
		exam: [
			"The examination",
			"It reads 98 % of the old images, fewer of the new ones. And what is no digit at all? It has seen only digits, so it cannot answer: none. Change each pixel a little along the gradient, and a 9 becomes a 3.",
		],
	},
};
// Not a chapter, but opened by some of them.
const PLAYGROUND = [
	"Playground",
	"Two numbers in, one out: blue points should give 1, orange ones 0. Press Run, and watch the boundary bend. Click the plane for points of your own.",
];
const CHAPTERS = Object.values(TALE).flatMap((group) => Object.keys(group));
const groupOf = (id) => Object.keys(TALE).find((name) => id in TALE[name]);
