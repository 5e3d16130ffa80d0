// --- What stands beside the figure of each side door. Their titles are captions of the film.

const DOOR_TEXTS = {
	read: "You read this 8 at once. Now write down how. Two closed loops, says the rule; but pens leave gaps. Close the gaps, and other digits break. Can you find a setting that beats the first? The network was given no rule, only examples.",
	layers:
		"A and B are hidden layers of 16 neurons; the size was a choice. Each layer is computed from the one before it and nothing else: a table of weights, its matrix, times the activations, plus the biases, squashed. In NumPy: sigmoid(a @ W + b), three times. This network has trained for 30 passes over 5,000 digits.",
	edge: "All weights are 0 except a bar of ones, so the sum is the brightness under the bar. A bar is bright there, but so is any filled field. With a negative border, the pixels around it must be dark as well.",
	squash:
		"The sum can be any number. The sigmoid squashes it to between 0 and 1. The bias is added first: with −10, the weighted sum must be over 10. Weights say which pattern; the bias says how much of it is needed.",
	gradient:
		"A step turns all 13,002 knobs a little. In which direction does the cost of your digit rise most? That is the gradient: 13,002 numbers, one for each knob, because each knob changes the cost by its own amount. Its negative points downhill.",
	ways: "The output of your digit should be brighter. Three hands can raise its sum: its bias, its weights, and the activations before it. Weights from bright neurons help most. Activations cannot be set: B must be asked, and B is asked by nine other outputs too.",
	chain:
		"Pull w3: its sum changes, so does the activation, so does the cost. Above each arrow stands a slope: the change after the arrow, divided by the change before it. The slopes multiplied say how the cost depends on w3.",
	batches:
		"The cost of the network is the average over all digits, so the wishes of all are averaged. One digit alone points nearly sideways. A few together lean downhill. All together are sure of the way, but then each step must look at every digit.",
	curves:
		"The sigmoid is old. ReLU is easier to train: its slope is 1 where it is on, and a wish on its way back is multiplied by the slope of each layer. Here are two networks of four hidden layers, one with each curve.",
	inside:
		"The hope was: layer A finds edges, B loops, the outputs digits. Does A? Lay an edge over a neuron’s weights: at every place, in 8 directions, its three strips as bright as fits best. How much of the weights does it explain?",
	playground:
		"Two numbers in, one out: blue points should give 1, orange ones 0. Press Run, and watch the boundary bend. Click the plane for points of your own.",
};
