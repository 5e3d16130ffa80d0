"""Pictures for the terminal: functions that return lines of text for a given network and example.

Every function that draws takes the `Terminal` first (for its colours and characters) and returns a list of lines, which
can contain escape codes for colours. They write nothing. `cmlp.console.charts.beside` puts such blocks side by side.
`cmlp.console.digit` draws images and weights.

=============  ===================================================================================================
module         its functions
=============  ===================================================================================================
text           emphasis, symbols and bars
names          names of neurons: A1 to A16, B1 to B16, and the labels of the outputs
outputs        the bars of the output neurons
layers         the activations of all layers as rows of cells
neuron         the weighted sum of one neuron, and its activation function as a curve
wishes         backpropagation for one example: the wanted changes of the outputs, of one neuron and of every layer
average        what each of several examples wants, and the average, which is minus the gradient
patches        the weights of the first layer as small images
curves         values over the epochs
=============  ===================================================================================================
"""
