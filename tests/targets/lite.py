"""TensorFlow Lite inside of TensorFlow: an interpreter with three threads, the caller among them, ran a model."""

import numpy as np
import tensorflow as tf
from ready import hold

kernel = tf.constant(np.ones((3, 3, 3, 16), np.float32))


@tf.function(input_signature=[tf.TensorSpec((1, 64, 64, 3))])
def convolve(picture):
    return tf.nn.conv2d(picture, kernel, 1, "SAME")


model = tf.lite.TFLiteConverter.from_concrete_functions([convolve.get_concrete_function()]).convert()
interpreter = tf.lite.Interpreter(model_content=model, num_threads=3)
interpreter.allocate_tensors()
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ones((1, 64, 64, 3), np.float32))
interpreter.invoke()
hold()
