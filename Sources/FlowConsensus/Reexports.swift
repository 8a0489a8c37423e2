// Shapes, learning rate, digest chain and the split of the corpus belong to the parameters and blocks of this module's interface.
@_exported public import FlowTraining
