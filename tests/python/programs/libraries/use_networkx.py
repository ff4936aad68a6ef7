"""networkx: shortest paths with weights, a spanning tree, components, a flow, colours, a graph as text and back.

Note: `pagerank` and what else needs numpy or scipy says so (ImportError); `hits`, layouts and matrices are of that kind.
"""

import networkx as nx

roads = nx.Graph()
roads.add_weighted_edges_from([("a", "b", 1), ("b", "c", 2), ("a", "c", 5), ("c", "d", 1), ("e", "f", 1)])
assert nx.shortest_path(roads, "a", "d", weight="weight") == ["a", "b", "c", "d"]
assert nx.dijkstra_path_length(roads, "a", "d") == 4
assert dict(nx.all_pairs_shortest_path_length(roads))["a"]["d"] == 2
assert sorted(map(sorted, nx.connected_components(roads))) == [["a", "b", "c", "d"], ["e", "f"]]
assert nx.minimum_spanning_tree(roads).size(weight="weight") == 5
pipes = nx.DiGraph()
pipes.add_edge("s", "x", capacity=3)
pipes.add_edge("s", "y", capacity=2)
pipes.add_edge("x", "t", capacity=2)
pipes.add_edge("y", "t", capacity=3)
assert nx.maximum_flow_value(pipes, "s", "t") == 4
assert next(nx.topological_sort(pipes)) == "s"
assert max(nx.greedy_color(nx.petersen_graph()).values()) == 2
central = nx.betweenness_centrality(nx.karate_club_graph())
assert max(central, key=central.get) == 0
text = "\n".join(nx.generate_graphml(roads))
assert sorted(nx.parse_graphml(text).edges(data="weight")) == sorted(roads.edges(data="weight"))
try:
    nx.pagerank(pipes)
except ImportError:
    pass
else:
    raise AssertionError("pagerank works: the note above is not true any more")
print("done")
