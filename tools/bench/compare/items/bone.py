"""The method bone as people use it, Dice against the phantom's bone; the peers of bone_chain."""
from items import bone_chain


def candidates(inputs):
    ours, check, peers = bone_chain.candidates(inputs)
    return ["bone", *ours[1:-2]], check, peers
